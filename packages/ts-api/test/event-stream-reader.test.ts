import { describe, expect, test } from "vitest";
import { BodyDecoder } from "../src/stream/body-decoder.js";
import { EventStreamReader, longestEvent } from "../src/stream/event-stream-reader.js";

/** An event: its data, or its name and data. */
type Event = string | [name: string, data: string];

/** The events of a body that comes in these pieces. */
function eventsOf(pieces: readonly Uint8Array[]): Event[] {
  const events: Event[] = [];
  const decoder = new BodyDecoder();
  const reader = new EventStreamReader((data, name) => events.push(name === undefined ? data : [name, data]));
  for (const piece of pieces) reader.read(decoder.decode(piece));
  reader.read(decoder.decode());
  reader.end();
  return events;
}

const cut = (bytes: Uint8Array, size: number) =>
  Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) => bytes.slice(at * size, (at + 1) * size));

/** Pieces of 1 to 7 bytes, by a generator with a seed. */
function cutAtRandom(bytes: Uint8Array, seed: number): Uint8Array[] {
  const pieces = [];
  let state = seed;
  for (let at = 0; at < bytes.length;) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    const size = 1 + ((state >>> 16) % 7);
    pieces.push(bytes.slice(at, at + size));
    at += size;
  }
  return pieces;
}

const long = "x".repeat(300);

/**
 * What bodies mean by the standard (https://html.spec.whatwg.org/multipage/server-sent-events.html), after the cases of the web
 * platform's tests for EventSource and of LaunchDarkly's contract tests for clients.
 */
const vectors: readonly [string, string, Event[]][] = [
  // Fields.
  ["one line", "data: Hello\n\n", ["Hello"]],
  ["no space after the colon", "data:Hello\n\n", ["Hello"]],
  ["one space of several is taken", "data:  Hello\n\n", [" Hello"]],
  ["spaces at the end stay", "data: Hello \n\n", ["Hello "]],
  ["a tab is no space", "data:\tHello\n\n", ["\tHello"]],
  ["colons in data", "data: a:b: c\n\n", ["a:b: c"]],
  ["several lines", "data: a\ndata: b\n\n", ["a\nb"]],
  ["several events", "data: a\n\ndata: b\n\n", ["a", "b"]],
  ["several empty lines", "data: a\n\n\n\ndata: b\n\n", ["a", "b"]],
  ["empty lines first", "\n\n\ndata: a\n\n", ["a"]],
  ["a field without a colon is empty", "data\n\n", [""]],
  ["data without a value", "data:\n\n", [""]],
  ["a space alone", "data: \n\n", [""]],
  ["empty, doubly empty, and one", "data:\n\ndata\ndata\n\ndata:test\n\n", ["", "\n", "test"]],
  ["an empty line of several", "data:a\ndata\ndata:b\n\n", ["a\n\nb"]],
  ["leading spaces", "data:\ttest\rdata: \ndata:test\n\n", ["\ttest\n\ntest"]],
  ["no event without data", "event: ping\n\nid: 3\n\nretry: 5\n\ndata: a\n\n", ["a"]],
  ["names", "event: greeting\ndata: a\n\n", [["greeting", "a"]]],
  ["a name after its data", "data: a\nevent: greeting\n\n", [["greeting", "a"]]],
  ["the last of two names", "event: a\nevent: b\ndata: x\n\n", [["b", "x"]]],
  ["a name is of one event", "event: test\ndata: x\n\ndata: y\n\n", [["test", "x"], "y"]],
  ["an empty name is none", "event: \ndata: a\n\n", ["a"]],
  ["a name with a space", "event: a b\ndata: x\n\n", [["a b", "x"]]],
  ["names of objects", "event: __proto__\ndata: x\n\n", [["__proto__", "x"]]],
  ["ids", "id: 1\ndata: a\n\nid\ndata: b\n\nid: \0\ndata: c\n\n", ["a", "b", "c"]],
  ["retries, and what is none", "retry: 1000\ndata: a\n\nretry: 1000x\ndata: b\n\nretry\ndata: c\n\n", ["a", "b", "c"]],
  ["fields in any order", "id: 1\nretry: 2\ndata: a\nevent: e\n\n", [["e", "a"]]],
  [
    "unknown fields",
    "data:test\n data\ndata\nfoobar:xxx\njustsometext\n:thisisacomment\ndata:test\n\n",
    ["test\n\ntest"],
  ],
  ["fields are lower case and whole", "Data: x\nDATA: x\ndatas: x\ndat: x\nda-ta: x\ndata_5\ndata: a\n\n", ["a"]],
  [
    "fields with characters between",
    "data:\0\ndata:  2\rData:1\ndata\0:2\ndata:1\r\0data:4\nda-ta:3\rdata_5\ndata:3\rdata:\r\n data:32\ndata:4\n\n",
    ["\0\n 2\n1\n3\n\n4"],
  ],
  ["the null character", "data:\0\n\n\n\n", ["\0"]],
  // Comments.
  ["a comment", ": hi\ndata: a\n\n", ["a"]],
  ["an empty comment", ":\ndata: a\n\n", ["a"]],
  ["a comment between lines of data", "data: a\n: hi\ndata: b\n\n", ["a\nb"]],
  ["a comment alone is no event", ": hi\n\ndata: a\n\n", ["a"]],
  ["a comment with a field in it", ":data: no\n\ndata: a\n\n", ["a"]],
  [
    "long comments with all ends of lines",
    `data:1\r:${long}\n:\r\ndata:2\n:${long}\rdata:3\n:data:fail\r:${long}\ndata:4\n\n`,
    ["1\n2\n3\n4"],
  ],
  // Ends of lines.
  ["CRLF", "data: a\r\ndata: b\r\n\r\ndata: c\r\n\r\n", ["a\nb", "c"]],
  ["CR", "data: a\rdata: b\r\rdata: c\r\r", ["a\nb", "c"]],
  ["mixed", "data:test\r\ndata\ndata:test\r\n\r\ndata: a\n\rdata: b\r\n\n", ["test\n\ntest", "a", "b"]],
  ["CRLF then CR", "data: a\r\n\rdata: b\r\r\n", ["a", "b"]],
  ["other ends of lines are text", "data: a\u2028b\u0085c\u000Bd\n\n", ["a\u2028b\u0085c\u000Bd"]],
  // Encoding.
  ["two, three and four bytes a character", "data: é€😀\n\n", ["é€😀"]],
  ["a family of one character", "data: 👨‍👩‍👧\n\n", ["👨‍👩‍👧"]],
  ["a byte order mark", "\uFEFFdata: a\n\n", ["a"]],
  ["one of two byte order marks", "\uFEFF\uFEFFdata:1\n\ndata:2\n\ndata:3\n\n", ["2", "3"]],
  ["a byte order mark later", "data:1\n\n\uFEFFdata:2\n\ndata:3\n\n", ["1", "3"]],
  ["a byte order mark in data", "data: \uFEFFa\n\n", ["\uFEFFa"]],
  ["escapes of JSON", 'data: {"a":"\\n\\u00e9"}\n\n', ['{"a":"\\n\\u00e9"}']],
  // Ends of bodies. The standard drops what no empty line ended; hosts of models end so.
  ["no empty line", "data: a\n\ndata: b\n", ["a", "b"]],
  ["no end of the line", "data: a\n\ndata: b", ["a", "b"]],
  ["CR at the end", "data: a\r", ["a"]],
  ["half a field", "data: a\n\ndat", ["a"]],
  ["nothing", "", []],
  ["empty lines alone", "\n\r\n\r", []],
  // What hosts of models send.
  ["a done mark", "data: {}\n\ndata: [DONE]\n\n", ["{}", "[DONE]"]],
  [
    "errors in a field, as llama.cpp's server once sent them",
    'error: {"code":500}\n\ndata: a\n\n',
    [["error", '{"code":500}'], "a"],
  ],
];

describe.each(vectors)("%s", (_, body, expected) => {
  const bytes = new TextEncoder().encode(body);

  test("whole", () => {
    expect(eventsOf([bytes])).toEqual(expected);
  });

  test("cut in two anywhere", () => {
    for (let at = 0; at <= bytes.length; at += 1) {
      expect(eventsOf([bytes.slice(0, at), bytes.slice(at)])).toEqual(expected);
    }
  });

  test.each([1, 2, 3, 5])("in pieces of %i", (size) => {
    expect(eventsOf(cut(bytes, size))).toEqual(expected);
  });

  test("in pieces at random", () => {
    for (let seed = 1; seed <= 50; seed += 1) expect(eventsOf(cutAtRandom(bytes, seed))).toEqual(expected);
  });

  test("with empty pieces between", () => {
    expect(eventsOf(cut(bytes, 1).flatMap((piece) => [new Uint8Array(), piece]))).toEqual(expected);
  });
});

describe("lines that end in CR and LF alone", () => {
  const withEnds = (end: string) =>
    vectors
      .filter(([, body]) => !body.includes("\r"))
      .map(([name, body, events]) => [name, body.replaceAll("\n", end), events] as const);

  test.each(["\r\n", "\r"])("%j", (end) => {
    for (const [, body, expected] of withEnds(end)) {
      const bytes = new TextEncoder().encode(body);
      for (const pieces of [[bytes], cut(bytes, 1), cut(bytes, 2), cutAtRandom(bytes, 7)]) {
        expect(eventsOf(pieces)).toEqual(expected);
      }
    }
  });
});

describe("limits", () => {
  test("an event of 16 MiB is read, a longer one is refused", () => {
    const reader = (length: number) => {
      const events: number[] = [];
      const stream = new EventStreamReader((data) => events.push(data.length));
      stream.read("data:");
      for (let at = 0; at < length; at += 65_536) stream.read("x".repeat(Math.min(65_536, length - at)));
      stream.end();
      return { events, overflow: stream.overflow };
    };
    expect(reader(longestEvent - 16)).toEqual({ events: [longestEvent - 16], overflow: undefined });
    expect(reader(longestEvent + 16)).toEqual({ events: [], overflow: expect.stringContaining("16777216") });
  });

  test("so is one of many lines, and a comment that never ends", () => {
    for (const line of [`data: ${"x".repeat(1000)}\n`, "x".repeat(1000)]) {
      const stream = new EventStreamReader(() => {});
      for (let at = 0; at < 20_000 && stream.overflow === undefined; at += 1) stream.read(line);
      expect(stream.overflow).toBeDefined();
    }
  });

  test("nothing is read after", () => {
    const events: string[] = [];
    const stream = new EventStreamReader((data) => events.push(data));
    stream.read("x".repeat(longestEvent + 1));
    stream.read("\n\ndata: a\n\n");
    stream.end();
    expect(events).toEqual([]);
  });
});
