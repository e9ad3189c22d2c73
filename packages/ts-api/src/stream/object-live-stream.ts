import type { FixedFeed } from "./fixed-feed.js";
import type { ValidationErrorResponse } from "../generated/protocol.js";
import { LiveStream, type LiveStreamInit } from "./live-stream.js";
import type { DeepPartial, ObjectStream, Parsed } from "./response-stream.js";
import type { ChatResponse } from "../response/response.js";

/** The stream of a value. In this version its feed is a refusal, so that there are no partial values to yield. */
export class ObjectLiveStream<T> extends LiveStream<ChatResponse, Parsed<T>> implements ObjectStream<T> {
  constructor(feed: FixedFeed<ValidationErrorResponse>, terminals: LiveStreamInit<ChatResponse>["terminals"]) {
    super({ feed, terminals });
  }

  async *partials(): AsyncGenerator<DeepPartial<T>, void, undefined> {
    yield* [];
    await this.final();
  }
}
