import { WickError } from "../error/wick-error.js";
import { checkCallOptions, signalOf } from "../request/call-options.js";
import type { AgentResponse } from "../response/response.js";
import { refusedBy } from "../stream/fixed-feed.js";
import { LiveStream } from "../stream/live-stream.js";
import { chatTerminals } from "../stream/stream-terminals.js";
import { AgentFeed } from "./agent-feed.js";
import type { AgentRun } from "./agent-run.js";

/** A chat whose tools Wick runs, as one stream. */
export function agentStream(run: AgentRun): LiveStream<AgentResponse> {
  const terminals = chatTerminals({ model: run.model, choices: 1 });
  const signal = signalOf(run.options ?? {});
  try {
    // What a model does not take of them, it refuses itself.
    checkCallOptions(run.options ?? {}, ["headers"]);
    const feed = new AgentFeed(run);
    return new LiveStream<AgentResponse>({ feed, terminals, signal, approvals: feed.approvals });
  } catch (error) {
    if (!WickError.isInstance(error)) throw error;
    return new LiveStream<AgentResponse>({ feed: refusedBy(error), terminals, signal });
  }
}
