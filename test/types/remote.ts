// `wick/remote` under the same compilers: a model at a host is a `Model`, and nothing is loaded here.
import type { Model as AnyModel } from "wick";
import { type ConnectOptions, Model, type RemoteConnector, assertNever } from "wick/remote";

const options: ConnectOptions = {
  provider: "openai",
  model: "m",
  baseURL: "http://localhost:8000",
  apiKey: async () => "k",
};
export const model: AnyModel = Model.connect(options);
export const connector: RemoteConnector = Model;
// @ts-expect-error -- there is no engine to load one into
export const loaded = Model.load("./model.gguf");
// @ts-expect-error -- a provider is one of four
export const other = Model.connect({ provider: "anthropic", model: "m" });

/** The same exhaustive switch. */
export async function say(): Promise<string> {
  let text = "";
  for await (const response of model.chat.stream({ messages: [{ role: "user", content: "Hi" }] })) {
    switch (response.kind) {
      case "chunk":
        text += response.choices[0].delta.content ?? "";
        break;
      case "done":
      case "validation_error":
      case "model_error":
      case "internal_error":
      case "cancelled":
        break;
      default:
        assertNever(response);
    }
  }
  return text;
}
