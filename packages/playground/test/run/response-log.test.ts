import { expect, test } from "vitest";
import type { WickResponse } from "wick";
import { ResponseLog, mostLogged } from "../../src/run/response-log.ts";

const chunk = (content: string): WickResponse => ({
  kind: "chunk",
  id: "1",
  model: "m",
  created: 0,
  choices: [{ index: 0, delta: { content }, finishReason: null }],
});
const cancelled: WickResponse = {
  kind: "validation_error",
  error: { code: "queue_full", message: "m", retryable: true },
};

test("has each response with its number, and how many there are of a kind", () => {
  const log = new ResponseLog();
  log.add(chunk("a"), 1);
  log.add(chunk("b"), 2);
  log.add(cancelled, 3);
  expect([...log.counts]).toEqual([
    ["chunk", 2],
    ["validation_error", 1],
  ]);
  expect(log.entries(new Set()).map(({ number, atMs }) => [number, atMs])).toEqual([
    [1, 1],
    [2, 2],
    [3, 3],
  ]);
  expect(log.entries(new Set(["validation_error"])).map(({ number }) => number)).toEqual([3]);
});

test("is a line of JSON for each, as it came", () => {
  const log = new ResponseLog();
  log.add(chunk("a\nb"), 1);
  log.add(cancelled, 2);
  const lines = log.ndjson(new Set()).split("\n");
  expect(lines).toHaveLength(3);
  expect(lines.slice(0, 2).map((line) => JSON.parse(line))).toEqual([chunk("a\nb"), cancelled]);
  expect(log.ndjson(new Set(["chunk"]))).toBe(`${JSON.stringify(chunk("a\nb"))}\n`);
});

test("keeps so many, and says how many it does not", () => {
  const log = new ResponseLog();
  for (let number = 0; number < mostLogged + 1; number += 1) log.add(chunk(""), number);
  expect(log.total).toBe(mostLogged + 1);
  expect(log.forgotten).toBe(2000);
  expect(log.entries(new Set())[0]?.number).toBe(2001);
  expect(log.counts.get("chunk")).toBe(mostLogged + 1);
});
