// oxlint-disable vitest/expect-expect -- functions beside the tests assert.

// Clients that go away, at every point at which they can: their sequences are freed within a step, whoever stays notices nothing.

import { demoModel } from "@wick/demo-model";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Message, Model } from "wick";
import { type ScriptedReply, scriptedModel } from "wick/testing";
import { eventually } from "../../../test/conformance/chunks.ts";
import { contentOf } from "./support/chat-chunks.ts";
import { endless, story } from "./support/questions.ts";
import { RawConnection } from "./support/raw-connection.ts";
import { type ListeningServer, listeningServer } from "./support/running-server.ts";

const chat = "/v1/chat/completions";
const messages = [{ role: "user", content: "Hi" }];
const leavings = ["FIN", "RST"] as const;

function leave(connection: RawConnection, how: (typeof leavings)[number]): void {
  if (how === "FIN") connection.finish();
  else connection.reset();
}

const isIdle = (model: Model) => {
  const { running, queued, parked } = model.stats();
  return running + queued + parked === 0;
};

/** The one entry of a request whose client went away. */
async function expectDisconnected(server: ListeningServer, more: object = {}): Promise<void> {
  await eventually(() => server.entries().length > 0);
  expect(server.entries()).toMatchObject([{ event: "request_ended", end: "disconnected", ...more }]);
}

describe.each(leavings)("a client that leaves by %s", (how) => {
  const pieces = ["One ", "two ", "three ", "four ", "five ", "six."];
  // The last chunk waits for the usage: a stream of n pieces that has not ended has brought n − 1.
  test.each([0, 1, 2, 3, 4, 5])("after %i events of a stream", async (events) => {
    const reply: ScriptedReply = { text: pieces, end: { kind: "hang", after: events } };
    const model = scriptedModel({ replies: [reply] });
    await using server = await listeningServer(model, { limits: { headersMs: 10 } });
    using connection = await RawConnection.open(server.port);
    connection.post(chat, { messages, stream: true });
    await connection.until(() => connection.status === 200, "its headers");
    await connection.events(events);
    leave(connection, how);
    await eventually(() => isIdle(model));
    await expectDisconnected(server, { status: 200 });
  });

  test("after all events, before the end of the connection", async () => {
    const model = scriptedModel({ replies: [{ text: pieces }] });
    await using server = await listeningServer(model);
    using connection = await RawConnection.open(server.port);
    connection.post(chat, { messages, stream: true });
    await connection.says("[DONE]");
    leave(connection, how);
    await eventually(() => server.entries().length > 0);
    expect(server.entries()).toMatchObject([{ status: 200, end: "done" }]);
    expect(isIdle(model)).toBe(true);
  });

  test.each([
    ["/v1/completions", { prompt: "a" }],
    ["/v1/fim/completions", { prompt: "a", suffix: "b" }],
    ["/v1/messages", { messages, max_tokens: 9 }],
    ["/v1/responses", { input: "Hi" }],
    [`${chat}?format=wick`, { messages }],
    ["/v1/completions", { prompt: ["a", "b", "c"] }],
    [chat, { messages, n: 3 }],
  ])("in the middle of a stream of %s", async (address, body) => {
    const model = scriptedModel({ replies: [{ text: pieces, end: { kind: "hang", after: 5 } }] });
    await using server = await listeningServer(model, { limits: { headersMs: 10 } });
    using connection = await RawConnection.open(server.port);
    connection.post(address, { ...body, stream: true });
    await connection.events(2);
    expect(isIdle(model)).toBe(false);
    leave(connection, how);
    await eventually(() => isIdle(model));
    await expectDisconnected(server, { status: 200 });
  });

  test.each([
    ["before the headers of a stream", chat, { messages, stream: true }],
    ["while it waits for a whole answer", chat, { messages }],
    ["while it waits for a whole text", "/v1/completions", { prompt: ["a", "b"] }],
    ["while it waits for a whole message", "/v1/messages", { messages, max_tokens: 9 }],
    ["while it waits for a whole response", "/v1/responses", { input: "Hi" }],
  ])("%s", async (_, address, body) => {
    const model = scriptedModel({ replies: [{ text: pieces, end: { kind: "hang", after: 0 } }] });
    await using server = await listeningServer(model, { limits: { headersMs: 60_000 } });
    using connection = await RawConnection.open(server.port);
    connection.post(address, body);
    await eventually(() => !isIdle(model));
    leave(connection, how);
    await eventually(() => isIdle(model));
    await expectDisconnected(server);
    expect(connection.received).toBe("");
  });

  test("in the middle of its own body", async () => {
    const model = scriptedModel({ replies: ["Yes."] });
    await using server = await listeningServer(model);
    using connection = await RawConnection.open(server.port);
    connection.send(
      `POST ${chat} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{"mess`,
    );
    await new Promise((resolve) => setTimeout(resolve, 50));
    leave(connection, how);
    await eventually(() => server.entries().length > 0);
    expect(server.entries()).toMatchObject([{ status: 400, errorCode: "invalid_request" }]);
    expect(model.calls).toEqual([]);
    expect(await server.post(chat, { messages })).toMatchObject({ status: 200 });
  });
});

describe("of a real engine", () => {
  let model: Model;
  let expected: string;
  beforeAll(async () => {
    // One sequence after the other, and prompts in small steps.
    model = await Model.load(demoModel(), { maxSequences: 2, prefillChunk: 8 });
    await using server = await listeningServer(model);
    expected = contentOf((await server.post(chat, endless)).text);
  });
  afterAll(() => model.close());

  test.each(leavings)("by %s at every fifth token: at most one step follows, and a neighbour goes on", async (how) => {
    await using server = await listeningServer(model);
    let isKnown = false;
    server.onEntry(({ end }) => {
      // As soon as the server knows: what the engine did before that is read away.
      if (end === "disconnected") model.trace();
      isKnown ||= end === "disconnected";
    });
    const neighbour = server.post(chat, { ...endless, stream: true });
    for (let events = 1; events <= 31; events += 5) {
      isKnown = false;
      using connection = await RawConnection.open(server.port);
      connection.post(chat, { ...endless, stream: true });
      await connection.events(events);
      leave(connection, how);
      await eventually(() => isKnown);
      // On a busy machine the engine may have its next turn later.
      await eventually(() => model.stats().running === 1);
      await new Promise((resolve) => setTimeout(resolve, 20));
      // Two sequences in a step: the neighbour's and the one that has gone.
      expect(model.trace().filter(({ sequences }) => sequences > 1).length).toBeLessThanOrEqual(1);
      expect(model.stats().running).toBe(1);
    }
    expect(contentOf((await neighbour).text)).toBe(expected);
    await eventually(() => isIdle(model));
  });

  test.each(leavings)("by %s while it waits for its turn", async (how) => {
    // One that is computed far ahead of its reader, who else would hold no place: for as long as a context is.
    await using hurried = await Model.load(demoModel(), { maxSequences: 2, readAhead: 4096 });
    await using server = await listeningServer(hurried, { limits: { headersMs: 20 } });
    await using busy = hurried.chat.stream({ messages: story.messages as Message[], n: 2, ignoreEos: true });
    await busy[Symbol.asyncIterator]().next();
    using before = await RawConnection.open(server.port);
    before.post(chat, endless);
    using after = await RawConnection.open(server.port);
    after.post(chat, { ...endless, stream: true });
    await after.until(() => after.status === 200, "its headers");
    await eventually(() => hurried.stats().queued === 2);
    leave(before, how);
    await eventually(() => hurried.stats().queued === 1);
    leave(after, how);
    await eventually(() => hurried.stats().queued === 0);
    expect(hurried.stats().running).toBe(1);
    await eventually(() => server.entries().length === 2);
    for (const entry of server.entries()) expect(entry).toMatchObject({ end: "disconnected" });
  });

  test.each(leavings)("by %s while its prompt is read: the rest of it is not", async (how) => {
    await using server = await listeningServer(model, { limits: { headersMs: 1 } });
    // Another prompt each time, so that none of it is there already.
    const content = Array.from({ length: 900 }, (_, index) => `${how} ${index * 7}`)
      .join(" ")
      .slice(0, 2500);
    const body = { messages: [{ role: "user", content }], stream: true };
    const tokens = (await server.post("/v1/tokenize", { messages: body.messages })).json as { count: number };
    expect(tokens.count).toBeGreaterThan(1000);
    expect(tokens.count).toBeLessThan(2000);
    model.trace();
    using connection = await RawConnection.open(server.port);
    connection.post(chat, body);
    let rows = 0;
    await eventually(() => {
      for (const { promptRows } of model.trace()) rows += promptRows;
      return rows > 0;
    });
    leave(connection, how);
    await eventually(() => isIdle(model));
    for (const { promptRows } of model.trace()) rows += promptRows;
    expect(rows).toBeLessThan(tokens.count);
    await eventually(() => server.entries().some(({ end }) => end === "disconnected"));
    expect(connection.received).not.toContain("data: ");
  });
});
