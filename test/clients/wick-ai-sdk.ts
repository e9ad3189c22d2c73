import { wick, wickEmbedding } from "@wick/ai-sdk";
import { connectAiSdk } from "./ai-sdk.ts";
import type { Client } from "./client.ts";
import { remoteModel } from "./wick.ts";

/** `ai` over our own provider, whose models are those of the server. */
export const wickAiSdk: Client = {
  name: "ai with @wick/ai-sdk",
  lacks: { leaving: "it reads its streams through a tee, of which another branch stays; a signal ends them" },
  connect: (connection) =>
    connectAiSdk(connection, {
      // Whose attempts are the AI SDK's to count.
      language: (name) => wick(remoteModel({ ...connection, retries: 0 }, "wick", name)),
      embedding: (name) => wickEmbedding(remoteModel({ ...connection, retries: 0 }, "wick", name)),
    }),
};
