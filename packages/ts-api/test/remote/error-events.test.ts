import { describe, expect, test } from "vitest";
import { terminalOf } from "../../../../test/conformance/chunks.js";
import { answered } from "./answered.js";
import { chunk, done, ended, said } from "./loopback-host.js";

describe("13: errors in the middle", () => {
  const words = { message: "boom", type: "t", code: "c" };

  test.each<[string, string, object]>([
    ["{error: {…}}", `data: ${JSON.stringify({ error: words })}\n\n`, words],
    [
      "{error: {…}} with an empty code",
      `data: ${JSON.stringify({ error: { ...words, code: null, param: null } })}\n\n`,
      { message: "boom", type: "t" },
    ],
    ["{error: text}", `data: {"error":"boom","error_type":"t"}\n\n`, { message: "boom", type: "t" }],
    ['{object: "error"}', `data: ${JSON.stringify({ object: "error", ...words })}\n\n`, words],
    ["a number as code", `data: {"error":{"message":"boom","code":500}}\n\n`, { message: "boom", code: "500" }],
    ["an event of that name", `event: error\ndata: ${JSON.stringify(words)}\n\n`, words],
    ["an event of that name with text", "event: error\ndata: boom\n\n", { message: "boom" }],
    ["a field of that name, as llama.cpp's was", `error: ${JSON.stringify(words)}\n\n`, words],
    ["{detail}", `data: {"detail":"boom"}\n\n`, { message: "boom" }],
    ["a list, as Google's", `data: ${JSON.stringify([{ error: words }])}\n\n`, words],
  ])("%s", async (_, body, upstream) => {
    const responses = await answered(said("a") + body + done);
    expect(terminalOf(responses)).toMatchObject({
      kind: "model_error",
      error: { code: "engine_failed", where: "event 2" },
    });
    const terminal = terminalOf(responses);
    expect(terminal.kind === "model_error" && terminal.error.upstream).toEqual(upstream);
    expect(terminal.kind === "model_error" && terminal.partial.choices[0].message.content).toBe("a");
  });

  test("words alone, as mistral.rs'; what begins like JSON is none", async () => {
    const options = { provider: "mistralrs" } as const;
    for (const [before, content] of [
      ["", ""],
      [said("a"), "a"],
    ] as const) {
      const responses = await answered(`${before}data: The prompt is too long\n\n${done}`, { options });
      expect(terminalOf(responses)).toMatchObject({
        kind: "model_error",
        error: { code: "engine_failed", upstream: { message: "The prompt is too long" } },
        partial: { choices: [{ message: { content } }] },
      });
    }
    for (const cut of [`{"id":`, `[1`, `"a`]) {
      const responses = await answered(`data: ${cut}\n\n${done}`, { options });
      expect(terminalOf(responses)).toMatchObject({ error: { code: "stream_protocol" } });
    }
  });

  test.each<[string, string]>([
    ["text that is no JSON", "data: Internal Server Error\n\n"],
    ["a number", "data: 7\n\n"],
    ["choices that are no list", `data: {"choices":{}}\n\n`],
    ["a choice that is no object", `data: {"choices":[7]}\n\n`],
    ["a delta that is no object", chunk({ index: 0, delta: 7 })],
    ["content that is no text", said(7)],
    ["a choice that leaves out others", said("b", 3)],
    ["a negative choice", said("b", -1)],
    ["text after the end", ended() + said("b")],
    ["two ends", ended() + ended("length")],
    ["the same end twice", ended() + ended()],
  ])("%s is stream_protocol, and is kept", async (_, body) => {
    const responses = await answered(said("a") + body + done);
    const terminal = terminalOf(responses);
    expect(terminal).toMatchObject({
      kind: "internal_error",
      error: {
        code: "stream_protocol",
        where: expect.stringMatching(/^event \d$/),
        details: { received: expect.any(String) },
      },
      partial: { choices: [{ message: { content: "a" }, finishReason: "error" }] },
    });
  });

  test("two hundred characters are kept, not more", async () => {
    const terminal = terminalOf(await answered(`data: ${"x".repeat(5000)}\n\n`));
    const received = terminal.kind === "internal_error" ? terminal.error.details?.["received"] : undefined;
    expect(received).toBe("x".repeat(200));
  });
});
