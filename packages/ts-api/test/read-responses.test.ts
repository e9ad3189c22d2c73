import { describe, expect, test, vi } from "vitest";
import { readResponses } from "../src/stream/read-responses.js";
import { scriptedModel } from "../src/testing/index.js";
import { collect, terminalOf } from "../../../test/conformance/chunks.js";

const messages = [{ role: "user" as const, content: "Hi" }];
const headers = { "content-type": "text/event-stream" };
const bytesOf = (text: string) => new TextEncoder().encode(text);

async function wire(text: string | readonly string[] = ["Hé", "llo ", "👋"]): Promise<Uint8Array> {
  const body = scriptedModel({ replies: [{ text }] })
    .chat.stream({ messages })
    .toResponse();
  return new Uint8Array(await body.arrayBuffer());
}

/** A body that comes in pieces, then ends or fails. */
function bodyOf(pieces: readonly Uint8Array[], failure?: Error): ReadableStream<Uint8Array> {
  const rest = [...pieces];
  return new ReadableStream({
    pull(controller) {
      const piece = rest.shift();
      if (piece !== undefined) controller.enqueue(piece);
      else if (failure !== undefined) controller.error(failure);
      else controller.close();
    },
  });
}

describe("a body of responses", () => {
  test.each([1, 2, 3, 7, 1000])("in pieces of %i bytes", async (size) => {
    const bytes = await wire();
    const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
      bytes.slice(index * size, (index + 1) * size),
    );
    const responses = await collect(readResponses(bodyOf(pieces)));
    expect(responses.map(({ kind }) => kind)).toEqual(["chunk", "chunk", "chunk", "done"]);
    expect(terminalOf(responses)).toMatchObject({ completion: { choices: [{ message: { content: "Héllo 👋" } }] } });
  });

  test("cut anywhere is stream_truncated, with exactly what was delivered", async () => {
    const bytes = await wire();
    const terminalAt = bytes.length - [...new TextDecoder().decode(bytes).matchAll(/data: /g)].length;
    for (let end = 0; end < terminalAt; end += 11) {
      const responses = await collect(readResponses(bodyOf([bytes.slice(0, end)])));
      const chunks = responses.filter(({ kind }) => kind === "chunk").length;
      const terminal = terminalOf(responses);
      if (terminal.kind === "done") continue;
      expect(terminal).toMatchObject({ kind: "internal_error", error: { code: "stream_truncated", retryable: true } });
      const partial = terminal.kind === "internal_error" ? terminal.partial.choices[0].message.content : "";
      expect(partial).toBe(["", "Hé", "Héllo ", "Héllo 👋"][chunks]);
    }
  });

  test("that fails is stream_truncated, and throws nothing", async () => {
    const bytes = await wire();
    const responses = await collect(readResponses(bodyOf([bytes.slice(0, 400)], new Error("reset"))));
    expect(terminalOf(responses)).toMatchObject({ kind: "internal_error", error: { code: "stream_truncated" } });
  });

  test("with something else in it is stream_protocol, after what came before", async () => {
    const text = new TextDecoder().decode(await wire());
    const first = text.slice(0, text.indexOf("\n\n") + 2);
    const responses = await collect(readResponses(bodyOf([bytesOf(`: ping\n\n${first}data: {"error":\n\n`)])));
    expect(responses).toMatchObject([
      { kind: "chunk" },
      {
        kind: "internal_error",
        error: { code: "stream_protocol", where: "event 2" },
        partial: { choices: [{ message: { content: "Hé" } }] },
      },
    ]);
  });

  test("kinds of a later version are dropped, and what follows the terminal too", async () => {
    const text = new TextDecoder().decode(await wire());
    const body = bodyOf([bytesOf(`data: {"kind":"hologram"}\n\n${text}${text}`)]);
    expect((await collect(readResponses(body))).map(({ kind }) => kind)).toEqual(["chunk", "chunk", "chunk", "done"]);
  });

  test.each([
    ["http_error", new Response("busy", { status: 503 })],
    ["stream_protocol", new Response("<html>", { headers: { "content-type": "text/html" } })],
    ["stream_truncated", new Response(null, { headers })],
  ])("%s", async (code, response) => {
    expect(await collect(readResponses(response))).toMatchObject([
      { kind: "internal_error", error: { code, status: response.status } },
    ]);
  });
});

describe("leaving", () => {
  test("cancels the body: by break, by cancel(), by signal, by timeout", async () => {
    const bytes = await wire();
    const ways = {
      break: (stream: { cancel(): void }, controller: AbortController) => void [stream, controller],
      cancel: (stream: { cancel(): void }) => stream.cancel(),
      signal: (_: unknown, controller: AbortController) => controller.abort(),
      timeout: () => {},
    };
    for (const [name, leave] of Object.entries(ways)) {
      const cancel = vi.fn<() => void>();
      const body = new ReadableStream<Uint8Array>({
        start: (controller) => controller.enqueue(bytes.slice(0, 400)),
        cancel,
      });
      const controller = new AbortController();
      const options = { signal: controller.signal, timeoutMs: name === "timeout" ? 10 : undefined };
      const stream = readResponses(body, options);
      const kinds = [];
      for await (const response of stream) {
        kinds.push(response.kind === "cancelled" ? response.reason : response.kind);
        if (name === "break") break;
        leave(stream, controller);
      }
      expect(kinds.at(-1)).toBe(name === "break" ? "chunk" : name);
      expect(cancel).toHaveBeenCalledTimes(1);
    }
  });

  test("before the first pull as well", async () => {
    const cancel = vi.fn<() => void>();
    const stream = readResponses(new ReadableStream<Uint8Array>({ cancel }));
    stream.cancel();
    expect(await collect(stream)).toMatchObject([{ kind: "cancelled", reason: "cancel" }]);
    expect(cancel).toHaveBeenCalledTimes(1);
  });

  test("nothing is read before the first pull, or ahead of the reader", async () => {
    const pull = vi.fn<(controller: ReadableStreamDefaultController<Uint8Array>) => void>((controller) =>
      controller.enqueue(bytesOf(": ping\n\n")),
    );
    readResponses(new ReadableStream<Uint8Array>({ pull }, { highWaterMark: 0 }));
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(pull).not.toHaveBeenCalled();
  });
});
