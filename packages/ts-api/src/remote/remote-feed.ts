import type { Response, ToolApprovalResponse } from "../generated/protocol.js";
import { BodyFeed } from "../stream/body-feed.js";
import { ResponseReader } from "../stream/response-reader.js";
import { Approvals } from "./approvals.js";
import type { Host } from "./host.js";
import { HostBody } from "./host-body.js";
import type { Provider } from "./provider/provider.js";
import type { RemoteRequest } from "./remote-request.js";
import { newToolCallId } from "./request/tool-call-id.js";
import { agenticEventOf } from "./wire/agentic-event.js";
import { ChunkReader } from "./wire/chunk-reader.js";
import type { JsonRecord } from "./wire/json.js";

/** One run at a host. */
export interface RemoteRun {
  host: Host;
  provider: Provider;
  /** The host's name of the model. */
  model: string;
  kind: "chat" | "completion";
  request: RemoteRequest;
  headers: Readonly<Record<string, string>> | undefined;
  timeoutMs: number | undefined;
  /** Decides instead of the event. */
  onApproval?: ((request: ToolApprovalResponse) => unknown) | undefined;
  onStart(): void;
  onRelease(): void;
}

/** The run as a feed, and who answers what its tools ask. */
export function remoteFeed<R extends Response>(
  run: RemoteRun,
): {
  feed: BodyFeed<R>;
  approvals: Approvals | undefined;
} {
  const { host, provider, model, kind, request, headers, timeoutMs, onStart, onRelease } = run;
  const { path, body: json, conversation, choices } = request;
  const body = new HostBody(host, { path, body: json, headers, accept: provider.accept, conversation });
  const approvals = new Approvals(host, conversation);
  const isPassed = (response: Response) => passes(response, run, approvals);
  const namedEvent = (name: string, value: JsonRecord): R | "dropped" | undefined => {
    const event = agenticEventOf(name, value);
    if (event === undefined) return undefined;
    // Whoever asks for tools of a host has a stream that has their kinds.
    return isPassed(event) ? (event as Response as R) : "dropped";
  };
  const feed = new BodyFeed<R>({
    body,
    reader: (queue, endings) =>
      provider.wire === "responses"
        ? new ResponseReader(queue, endings, isPassed)
        : new ChunkReader({
            queue,
            endings,
            choices,
            model,
            newId: newToolCallId,
            redact: (text) => body.redact(text),
            now: Math.floor(Date.now() / 1000),
            failsInWords: provider.failsInWords === true,
            ...(provider.runsTools === true && { namedEvent }),
          }),
    kind,
    model,
    timeoutMs,
    onStart,
    onRelease,
  });
  return { feed, approvals: provider.runsTools === true ? approvals : undefined };
}

/** Whether a response is for the reader. Of tools that nobody asked for it hears nothing, and nobody could answer them. */
function passes(response: Response, { request, onApproval }: RemoteRun, approvals: Approvals): boolean {
  switch (response.kind) {
    case "agentic_tool_approval_required":
      if (!request.asksForTools) void approvals.decide(response, () => false);
      else if (onApproval !== undefined) void approvals.decide(response, onApproval);
      return request.asksForTools && onApproval === undefined;
    case "agentic_tool_call_progress":
      return request.asksForTools;
    default:
      return true;
  }
}
