import { invalidRequest } from "../error/refusal.js";
import { WickError } from "../error/wick-error.js";
import type { ToolApprovalResponse } from "../generated/protocol.js";
import type { StreamApprovals } from "../stream/stream-approvals.js";

/** Whether a call may run. */
export type Decision = { isApproved: true } | { isApproved: false; reason: string };

/** How long a question waits for its answer. */
const approvalWaitMs = 5 * 60_000;

/** The questions of a run, whether tools may be called, until they are answered. */
export class ToolApprovals implements StreamApprovals {
  readonly #pending = new Map<string, { toolName: string; answer: (decision: Decision) => void }>();
  /** By the tool's name. */
  readonly #remembered = new Map<string, Decision>();
  readonly #atHost: () => StreamApprovals | undefined;
  readonly #waitMs: number;

  /** @param atHost - Who answers for tools that the model's host runs. */
  constructor(atHost: () => StreamApprovals | undefined, waitMs = approvalWaitMs) {
    this.#atHost = atHost;
    this.#waitMs = waitMs;
  }

  /** What was said of the tool for good. */
  remembered(toolName: string): Decision | undefined {
    return this.#remembered.get(toolName);
  }

  /**
   * Asks, and waits for the answer. Nobody answering is a denial.
   *
   * @param ask - Tells the question to who may answer it.
   */
  async decide(
    call: Pick<ToolApprovalResponse, "round" | "callId" | "toolName" | "input">,
    ask: (question: ToolApprovalResponse) => void,
    signal: AbortSignal,
  ): Promise<Decision> {
    const ended: Decision = { isApproved: false, reason: "The run has ended." };
    // A signal that has fired fires no more.
    if (signal.aborted) return ended;
    const approvalId = crypto.randomUUID();
    return new Promise((resolve) => {
      const answer = (decision: Decision) => {
        this.#pending.delete(approvalId);
        clearTimeout(timer);
        signal.removeEventListener("abort", leave);
        resolve(decision);
      };
      const leave = () => answer(ended);
      const isLate = () => answer({ isApproved: false, reason: "Nobody answered in time." });
      const timer = setTimeout(isLate, this.#waitMs);
      signal.addEventListener("abort", leave, { once: true });
      this.#pending.set(approvalId, { toolName: call.toolName, answer });
      ask({ kind: "agentic_tool_approval_required", approvalId, ...call, expiresInMs: this.#waitMs });
    });
  }

  async approve(approvalId: string, options: { remember?: boolean } = {}): Promise<void> {
    await this.#answer(approvalId, { isApproved: true }, options.remember, (host) => host.approve(approvalId, options));
  }

  async deny(approvalId: string, options: { reason?: string; remember?: boolean } = {}): Promise<void> {
    const { reason = "It was not allowed.", remember } = options;
    if (typeof reason !== "string") throw invalidRequest("options.reason", "options.reason must be a string.");
    await this.#answer(approvalId, { isApproved: false, reason }, remember, (host) => host.deny(approvalId, options));
  }

  async #answer(
    approvalId: string,
    decision: Decision,
    remember: boolean | undefined,
    tellHost: (host: StreamApprovals) => Promise<void>,
  ): Promise<void> {
    const pending = this.#pending.get(approvalId);
    if (pending === undefined) {
      const host = this.#atHost();
      if (host === undefined) throw notPending(approvalId);
      return tellHost(host).catch((error: unknown) => {
        // A model whose host runs no tools has nothing to be told.
        throw WickError.isInstance(error) && error.code === "unsupported" ? notPending(approvalId) : error;
      });
    }
    if (remember === true) this.#remembered.set(pending.toolName, decision);
    pending.answer(decision);
  }
}

function notPending(approvalId: string): WickError {
  return new WickError({
    code: "not_found",
    message: `No question ${JSON.stringify(String(approvalId).slice(0, 64))} waits: it was answered, its time is up, or it is of another stream.`,
    where: "approvalId",
    retryable: false,
  });
}
