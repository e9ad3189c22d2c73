import { WickError } from "../error/wick-error.js";
import type {
  ErrorCode,
  ErrorInfo,
  JsonObject,
  ToolApprovalResponse,
  ToolCall,
  ToolPhase,
} from "../generated/protocol.js";
import type { ToolRunner } from "../request/executable.js";
import type { Validated } from "../request/validation.js";
import type { Decision, ToolApprovals } from "./tool-approvals.js";
import { outputOf } from "./tool-output.js";

/** One call of a tool that Wick runs. */
export interface ToolRun {
  call: ToolCall;
  /** Nothing where the request has no such tool. */
  runner: ToolRunner | undefined;
  round: number;
  approvals: ToolApprovals;
  /** Decides instead of the stream's reader. */
  onApproval: ((question: ToolApprovalResponse) => unknown) | undefined;
  /** Fires when the run ends early. */
  signal: AbortSignal;
  tell(phase: ToolPhase, input: JsonObject): void;
  ask(question: ToolApprovalResponse): void;
  /** When the reader wants more. */
  wanted(): Promise<void>;
}

/** A call that came to nothing, and what the model is told of it. */
class Failure extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/**
 * Runs a call from its arguments to its output, and tells each phase.
 *
 * @returns What the model is told. It never throws: a tool that fails is an answer, too.
 */
export async function runTool(run: ToolRun): Promise<string> {
  let input: JsonObject = {};
  try {
    input = parsed(run.call);
    const { runner } = run;
    if (runner === undefined) {
      throw new Failure("not_found", `There is no tool ${JSON.stringify(run.call.function.name)}.`);
    }
    const value = valueOf(await runner.validate(input));
    const decision = await decisionOf(run, runner, input, value);
    if (!decision.isApproved) {
      run.tell({ kind: "denied", reason: decision.reason }, input);
      return `Denied: ${decision.reason}`;
    }
    run.tell({ kind: "calling" }, input);
    const began = performance.now();
    const output = await execute(run, runner, input, value);
    run.tell({ kind: "complete", output, durationMs: Math.round(performance.now() - began) }, input);
    return output;
  } catch (cause) {
    const error = errorOf(cause);
    run.tell({ kind: "failed", error }, input);
    return `Error: ${error.message}`;
  }
}

function parsed({ function: { arguments: text } }: ToolCall): JsonObject {
  try {
    const value: unknown = JSON.parse(text === "" ? "{}" : text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as JsonObject;
  } catch {
    // Told as what it is not.
  }
  throw new Failure("output_invalid", "The arguments are no JSON object.");
}

function valueOf(validated: Validated): unknown {
  if (validated.issues === undefined) return validated.value;
  throw new Failure("output_invalid", `The arguments do not fit the tool's schema: ${validated.issues}`);
}

async function decisionOf(run: ToolRun, runner: ToolRunner, input: JsonObject, value: unknown): Promise<Decision> {
  if (!(await runner.needsApproval(value))) return { isApproved: true };
  const { approvals, onApproval, round, call, signal } = run;
  const toolName = call.function.name;
  const known = approvals.remembered(toolName);
  if (known !== undefined) return known;
  const ask = (question: ToolApprovalResponse) => {
    if (onApproval === undefined) return run.ask(question);
    const { approvalId } = question;
    void Promise.resolve(question)
      .then(onApproval)
      .then((isApproved) => (isApproved === true ? approvals.approve(approvalId) : approvals.deny(approvalId)))
      // A function that fails has not allowed it; one that is late is not heard.
      .catch(() => approvals.deny(approvalId).catch(() => {}));
  };
  return approvals.decide({ round, callId: call.id, toolName, input }, ask, signal);
}

async function execute(run: ToolRun, runner: ToolRunner, input: JsonObject, value: unknown): Promise<string> {
  const { call, round, signal, tell, wanted } = run;
  const controller = new AbortController();
  const { promise: ended, reject } = withReject();
  const end = (failure: Failure) => {
    controller.abort(failure);
    reject(failure);
  };
  const late = () => end(new Failure("timeout", `The tool did not end within ${runner.timeoutMs} ms.`));
  const leave = () => end(new Failure("cancelled", "The run has ended."));
  const timer = setTimeout(late, runner.timeoutMs);
  signal.addEventListener("abort", leave, { once: true });
  try {
    if (signal.aborted) leave();
    const context = { signal: controller.signal, callId: call.id, round };
    const tellDelta = async (delta: string) => {
      if (controller.signal.aborted) return;
      tell({ kind: "output", delta }, input);
      await wanted();
    };
    const output = Promise.resolve()
      .then(() => {
        // A signal that has fired fires no more: the tool would never hear of it.
        controller.signal.throwIfAborted();
        return runner.execute(value, context);
      })
      .then((result) => outputOf(result, tellDelta, controller.signal));
    // Whoever is late or has left is not waited for, and may still fail.
    output.catch(() => {});
    return await Promise.race([output, ended]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", leave);
  }
}

function withReject(): { promise: Promise<never>; reject: (reason: unknown) => void } {
  let reject: (reason: unknown) => void = () => {};
  const promise = new Promise<never>((_, rejectIt) => {
    reject = rejectIt;
  });
  promise.catch(() => {});
  return { promise, reject };
}

function errorOf(cause: unknown): ErrorInfo {
  if (cause instanceof Failure) return { code: cause.code, message: cause.message, retryable: false };
  if (WickError.isInstance(cause)) return { ...cause.info, code: "tool_failed" };
  const message = cause instanceof Error ? cause.message : String(cause);
  return { code: "tool_failed", message: message === "" ? "The tool failed." : message, retryable: false };
}
