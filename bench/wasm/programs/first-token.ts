import type { Model, ModelLoader, ModelSource } from "wick";

/** Loads a model and waits for the first piece of an answer. */
export async function firstToken(loader: ModelLoader, source: ModelSource): Promise<Model> {
  const model = await loader.load(source);
  const messages = [{ role: "user" as const, content: "What is the capital of France?" }];
  const stream = model.chat.stream({ messages, temperature: 0 });
  for await (const response of stream) if (response.kind === "chunk") return model;
  throw new Error("The answer had no chunk.");
}
