// Random readers of random scripts. Each seed is a test that can be run again: `READER_SEED=7 npx vitest run readers`.

// oxlint-disable vitest/no-conditional-expect -- what holds of a reader depends on what the seed made it do.

import { describe, expect, test } from "vitest";
import { isTerminal } from "../src/response/is-terminal.js";
import { scriptedModel } from "../src/testing/index.js";
import { WickError } from "../src/error/wick-error.js";
import { textOf } from "../../../test/conformance/chunks.js";
import type { ChatResponse } from "../src/response/response.js";

const seeds =
  process.env["READER_SEED"] === undefined
    ? Array.from({ length: 400 }, (_, seed) => seed)
    : [Number(process.env["READER_SEED"])];
const actions = [
  "read",
  "read",
  "read",
  "two pulls",
  "final",
  "cancel",
  "abort",
  "return",
  "dispose",
  "second reader",
  "wait",
] as const;

/** Numbers from 0 to below `bound`, the same for the same seed (mulberry32). */
function numbers(seed: number): (bound: number) => number {
  let state = seed * 0x9e3779b9;
  return (bound) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % bound;
  };
}

describe("laws 1, 2, 5 and 7 for random readers", () => {
  test.each(seeds)("seed %i", async (seed) => {
    const random = numbers(seed);
    const pieces = Array.from({ length: random(24) }, (_, index) => `${index} `);
    const delayMs = [undefined, 0, 1][random(3)];
    const kinds = ["done", "done", "model_error", "internal_error", "cancelled", "hang"] as const;
    const endKind = kinds[random(kinds.length)] ?? "done";
    const after = random(pieces.length + 1);
    const error = { code: "engine_failed" as const };
    const end =
      endKind === "done"
        ? undefined
        : endKind === "hang" || endKind === "cancelled"
          ? { kind: endKind, after }
          : { kind: endKind, after, error };
    const model = scriptedModel({ replies: [{ text: pieces, delayMs, end }] });
    const controller = new AbortController();
    const stream = model.chat.stream({ messages: [] }, { signal: controller.signal });
    const reader = stream[Symbol.asyncIterator]();
    const read: ChatResponse[] = [];
    const keep = ({ done, value }: IteratorResult<ChatResponse, void>) =>
      done === true ? undefined : read.push(value);
    const wholes: Promise<unknown>[] = [];
    let isLeft = false;

    for (let step = random(30); step > 0; step -= 1) {
      const action = actions[random(actions.length)];
      // A script that hangs answers no pull until someone ends it.
      const wouldHang = endKind === "hang" && read.length >= after;
      switch (action) {
        case "read":
          if (!wouldHang || isLeft) keep(await reader.next());
          break;
        case "two pulls": {
          const pulls = [reader.next(), reader.next()];
          if (endKind === "hang") stream.cancel();
          const [first, second] = await Promise.allSettled(pulls);
          if (first?.status !== "fulfilled") throw new Error("a pull that was alone was refused");
          keep(first.value);
          if (second?.status === "fulfilled") keep(second.value);
          else expect(second?.reason).toMatchObject({ code: "busy" });
          break;
        }
        case "final":
          wholes.push(stream.final());
          break;
        case "cancel":
          stream.cancel();
          break;
        case "abort":
          controller.abort();
          break;
        case "return":
          isLeft = true;
          await reader.return?.();
          break;
        case "dispose":
          isLeft = true;
          await stream[Symbol.asyncDispose]();
          break;
        case "second reader":
          expect(() => stream[Symbol.asyncIterator]()).toThrow(expect.objectContaining({ code: "stream_consumed" }));
          break;
        case "wait":
          await new Promise((resolve) => setTimeout(resolve, random(3)));
          break;
      }
    }
    if (endKind === "hang") stream.cancel();
    for (let result = await reader.next(); result.done !== true; result = await reader.next()) keep(result);
    wholes.push(stream.final());

    const terminals = read.filter((response) => isTerminal(response));
    const ends = await Promise.all(wholes.map((whole) => whole.catch((caught: unknown) => caught)));
    // Law 1: one terminal unless the reader left before it, and nothing after it.
    expect(terminals.length).toBeLessThanOrEqual(1);
    if (!isLeft) expect(terminals).toHaveLength(1);
    if (terminals.length === 1) expect(read.at(-1)).toBe(terminals[0]);
    // Law 2: what was read is a beginning of the script, and every partial is exactly that.
    expect(pieces.join("").startsWith(textOf(read))).toBe(true);
    for (const whole of ends) {
      const completion = WickError.isInstance(whole)
        ? whole.partial
        : (whole as { choices: never; usage: never; object: "chat.completion" });
      if (completion?.object !== "chat.completion") throw new Error("no chat completion");
      // A reader who left by `return` beside a waiting pull was still handed what that pull got.
      expect(completion.choices[0].message.content).toBe(textOf(read));
      if (!WickError.isInstance(whole)) expect(textOf(read)).toBe(pieces.join(""));
      // Law 7.
      const chunks = read.filter(({ kind }) => kind === "chunk").length;
      expect(completion.usage?.completionTokens).toBe(chunks);
    }
    // Law 5.
    expect(model.stats().running).toBe(0);
  });
});
