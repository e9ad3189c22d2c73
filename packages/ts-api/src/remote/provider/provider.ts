import type { JsonObject } from "../../generated/protocol.js";
import type { ChatRequest, CompletionRequest, EmbeddingRequest, FimRequest } from "../../request/request.js";
import type { Fields } from "../request/fields.js";

/** One kind of call of a host. */
export interface RemoteCall<Q> {
  /** Below the base address. */
  path: string;
  /** What becomes of each field of the request. */
  fields: Fields<Q>;
  /** Sent with each. */
  always: JsonObject;
}

/** The dialect of a kind of host: data over one transport. */
export interface Provider {
  /** As errors call it. */
  host: string;
  /** Where it is, if it is in one place. */
  baseURL?: string;
  /** What its streams are made of: OpenAI's chunks, or our own responses. */
  wire: "chunks" | "responses";
  /** What streams are asked for. */
  accept: string;
  chat: RemoteCall<ChatRequest>;
  /** Absent where the host has no such call. */
  completion?: RemoteCall<CompletionRequest>;
  fim?: RemoteCall<FimRequest>;
  embeddings: RemoteCall<EmbeddingRequest>;
  /** Whether it counts tokens for us. */
  tokenizes?: boolean;
  /** Whether it breaks off with its words alone, which are no JSON. */
  failsInWords?: boolean;
  /** Whether it runs tools, tells of them, and asks before. */
  runsTools?: boolean;
}
