import { demoModel } from "@wick/demo-model";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { json } from "node:stream/consumers";
import { type ChatRequest, type ConnectOptions, Model, assertNever } from "wick";

const { MISTRAL_API_KEY, OPENAI_API_KEY } = process.env;
const question = process.argv.slice(2).join(" ") || "What is the capital of France?";
const { options, stop: stopHost } = await host();
await using model = Model.connect(options);
for await (const response of model.chat.stream({ messages: [{ role: "user", content: question }], maxTokens: 200 })) {
  switch (response.kind) {
    case "chunk":
      process.stdout.write(response.choices[0].delta.content ?? "");
      break;
    case "done":
      console.log(`\n${options.provider}: ${response.completion.usage?.completionTokens} tokens`);
      break;
    case "cancelled":
      break;
    case "validation_error":
    case "model_error":
    case "internal_error":
      // What came before the error is in `partial`, and was written above.
      console.error(`\n${response.error.code}: ${response.error.message}`, response.error.upstream ?? "");
      process.exitCode = 1;
      break;
    default:
      assertNever(response);
  }
}
await stopHost();

/** A host: one whose key is in the environment, or else the demo model behind a server on this machine. */
async function host(): Promise<{ options: ConnectOptions; stop(): Promise<void> }> {
  const stop = async () => {};
  if (MISTRAL_API_KEY !== undefined) {
    return { options: { provider: "mistral", model: "mistral-small-latest", apiKey: MISTRAL_API_KEY }, stop };
  }
  if (OPENAI_API_KEY !== undefined) {
    return { options: { provider: "openai", model: "gpt-5-mini", apiKey: OPENAI_API_KEY }, stop };
  }
  console.error("No MISTRAL_API_KEY or OPENAI_API_KEY: a server on this machine answers, with the demo model.");
  return demoHost();
}

/** Wick's own wire form is what `toResponse` writes, so that this is all of a server. */
async function demoHost(): Promise<{ options: ConnectOptions; stop(): Promise<void> }> {
  const local = await Model.load(demoModel());
  const server = createServer(async (request, response) => {
    const { messages, max_tokens: maxTokens } = (await json(request)) as ChatRequest & { max_tokens: number };
    const { headers, body } = local.chat.stream({ messages, maxTokens, temperature: 0 }).toResponse();
    response.writeHead(200, Object.fromEntries(headers));
    if (body !== null) Readable.fromWeb(body).pipe(response);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const baseURL = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const stop = async () => {
    server.closeAllConnections();
    server.close();
    await local.close();
  };
  return { options: { provider: "wick", model: "demo", baseURL }, stop };
}
