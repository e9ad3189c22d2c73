import type { CallOptions } from "../request/request.js";
import type { ChatResponse } from "../response/response.js";
import type { LiveStream } from "../stream/live-stream.js";

/** A chat whose tools Wick runs. */
export interface AgentRun {
  request: Readonly<Record<string, unknown>>;
  options: CallOptions | undefined;
  /** One answer of the model, whose tools are functions. */
  answer(request: unknown, options: CallOptions | undefined): LiveStream<ChatResponse>;
  /** The model's id. */
  model: string;
}
