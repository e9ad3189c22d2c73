import type { ServerResponse } from "node:http";

/** What a host does wrong, or in its own way, and what a client should make of it. */
export interface Fault {
  name: string;
  /** What is right. */
  expected: string;
  /**
   * @param count - Requests before this one.
   * @param elsewhere - The address of another host.
   */
  answer(response: ServerResponse, count: number, elsewhere: string): void;
}

const events = { "content-type": "text/event-stream" };

function chunk(choice: object, rest: object = {}): string {
  const head = { id: "c", object: "chat.completion.chunk", created: 1, model: "m" };
  return `data: ${JSON.stringify({ ...head, choices: [{ index: 0, finish_reason: null, ...choice }], ...rest })}\n\n`;
}

const said = (content: unknown) => chunk({ delta: { content } });
const hello = said("Hel") + said("lo");
const ended = (reason = "stop") => chunk({ delta: {}, finish_reason: reason });
const done = "data: [DONE]\n\n";

const body =
  (text: string, headers: Record<string, string> = events, status = 200): Fault["answer"] =>
  (response) =>
    void response.writeHead(status, headers).end(text);

const whole = 'says "Hello"';
const error = "an error, with “Hello” kept";

export const faults: readonly Fault[] = [
  { name: "nothing", expected: whole, answer: body(hello + ended() + done) },
  { name: "the stream ends without a finish reason", expected: error, answer: body(hello) },
  { name: "the stream ends in the middle of an event", expected: error, answer: body(hello + ended().slice(0, -30)) },
  {
    name: "the connection is reset",
    expected: error,
    answer(response) {
      response.writeHead(200, events).write(hello);
      setTimeout(() => response.socket?.resetAndDestroy(), 50);
    },
  },
  {
    name: "the last event has no empty line after it",
    expected: whole,
    answer: body(`${said("Hello")}${ended().trimEnd()}`),
  },
  { name: "an empty stream", expected: "an error", answer: body("") },
  {
    name: "a page instead of a stream",
    expected: "an error",
    answer: body("<html>Login</html>", { "content-type": "text/html" }),
  },
  {
    name: "a whole completion instead of a stream",
    expected: whole,
    answer: body(
      JSON.stringify({
        id: "c",
        object: "chat.completion",
        created: 1,
        model: "m",
        choices: [{ index: 0, message: { role: "assistant", content: "Hello" }, finish_reason: "stop" }],
        usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
      }),
      { "content-type": "application/json" },
    ),
  },
  {
    name: "`{error: {message}}` in the middle",
    expected: error,
    answer: body(`${hello}data: {"error":{"message":"boom"}}\n\n${done}`),
  },
  {
    name: '`{object: "error", message}` in the middle',
    expected: error,
    answer: body(`${hello}data: {"object":"error","message":"boom"}\n\n${done}`),
  },
  {
    name: "`event: error` in the middle",
    expected: error,
    answer: body(`${hello}event: error\ndata: {"message":"boom"}\n\n${done}`),
  },
  { name: "text that is no JSON in the middle", expected: error, answer: body(`${hello}data: boom\n\n${done}`) },
  { name: "finish reason `error`", expected: error, answer: body(hello + ended("error") + done) },
  { name: "text after the finish reason", expected: error, answer: body(`${hello}${ended()}${said("!")}${done}`) },
  { name: "text after `[DONE]`", expected: whole, answer: body(`${hello}${ended()}${done}${said("!")}`) },
  {
    name: "`[DONE]`, and the connection stays open",
    expected: whole,
    answer: (response) => void response.writeHead(200, events).write(hello + ended() + done),
  },
  { name: "spaces around `[DONE]`", expected: whole, answer: body(`${hello}${ended()}data:   [DONE] \n\n`) },
  { name: "a byte order mark", expected: whole, answer: body(`\uFEFF${hello}${ended()}${done}`) },
  {
    name: "an event `ping` with `{}`",
    expected: whole,
    answer: body(`event: ping\ndata: {}\n\n${hello}${ended()}${done}`),
  },
  { name: "an event without data", expected: whole, answer: body(`event: ping\n\n${hello}${ended()}${done}`) },
  {
    name: "`usage: null`",
    expected: whole,
    answer: body(chunk({ delta: { content: "Hello" } }, { usage: null }) + ended() + done),
  },
  {
    name: "no `finish_reason`, id, model",
    expected: whole,
    answer: body(`data: {"choices":[{"index":0,"delta":{"content":"Hello"}}]}\n\n${ended()}${done}`),
  },
  { name: "a finish reason of its own", expected: whole, answer: body(hello + ended("eos_token") + done) },
  {
    name: "thoughts as content parts",
    expected: whole,
    answer: body(said([{ type: "thinking", thinking: [{ type: "text", text: "Hm" }] }]) + hello + ended() + done),
  },
  {
    name: "two tool calls without numbers",
    expected: "two calls",
    answer: body(
      chunk({
        delta: {
          tool_calls: ["f", "g"].map((name) => ({
            id: `${name}12345678`,
            type: "function",
            function: { name, arguments: "{}" },
          })),
        },
      }) +
        ended("tool_calls") +
        done,
    ),
  },
  {
    name: "fragments of a tool call without a name",
    expected: "one call",
    answer: body(
      chunk({
        delta: {
          tool_calls: [{ index: 0, id: "f12345678", type: "function", function: { name: "f", arguments: "{" } }],
        },
      }) +
        chunk({ delta: { tool_calls: [{ index: 0, function: { arguments: "}" } }] } }) +
        ended("tool_calls") +
        done,
    ),
  },
  {
    name: "status 429 once, `retry-after: 1`",
    expected: whole,
    answer: (response, count) =>
      count === 0
        ? void response
            .writeHead(429, { "retry-after": "1", "content-type": "application/json" })
            .end('{"message":"slow down"}')
        : void response.writeHead(200, events).end(hello + ended() + done),
  },
  {
    name: "status 422 with FastAPI's details",
    expected: "an error that says where",
    answer: body(
      '{"detail":[{"loc":["body","messages"],"msg":"extra_forbidden","type":"x"}]}',
      { "content-type": "application/json" },
      422,
    ),
  },
  {
    name: "a redirect to another host",
    expected: "an error, and nothing sent there",
    answer: (response, _, elsewhere) =>
      void response.writeHead(307, { location: `${elsewhere}/v1/chat/completions` }).end(),
  },
];
