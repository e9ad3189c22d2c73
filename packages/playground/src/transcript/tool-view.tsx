import { useSignal } from "@preact/signals";
import { WickError } from "wick/remote";
import type { ToolPart } from "../conversation/turn.js";
import { leaveButton } from "../page/focus.js";
import { Icon } from "../page/icon.js";
import type { Run } from "../run/run.js";

/** Longer texts scroll for themselves. */
const scrollsFrom = 400;

/** A call of a tool: what it is called with, whether it may run, what it gave. */
export function ToolView({ part, run }: { part: ToolPart; run: Run | undefined }) {
  const { name, input, output, state } = part;
  const isRunning = state.kind === "calling" && run !== undefined;
  return (
    <section class={`tool ${state.kind}`} aria-label={`Tool ${name}`} aria-busy={isRunning}>
      <div class="tool-head">
        <Icon name="tool" />
        <code class="tool-name">{name === "" ? "…" : name}</code>
        <span class="tool-state">{stateWords(part)}</span>
      </div>
      {input !== "" && <ToolText label="Input" text={indented(input)} />}
      {output !== "" && <ToolText label="Output" text={output} />}
      {state.kind === "failed" && <p class="tool-issue">{state.error.message}</p>}
      {state.kind === "denied" && state.reason !== undefined && <p class="tool-issue">{state.reason}</p>}
      {state.kind === "asking" && run !== undefined && (
        <Question
          key={state.approvalId}
          name={name}
          approvalId={state.approvalId}
          expiresAt={state.expiresAt}
          run={run}
        />
      )}
    </section>
  );
}

function ToolText({ label, text }: { label: string; text: string }) {
  const scrolls = text.length > scrollsFrom || text.split("\n").length > 10;
  return (
    <div class="tool-text">
      <span class="tool-label">{label}</span>
      <pre {...(scrolls && { tabIndex: 0, role: "group", "aria-label": label })}>{text}</pre>
    </div>
  );
}

/** Asks whether the tool may run. */
function Question({
  name,
  approvalId,
  expiresAt,
  run,
}: {
  name: string;
  approvalId: string;
  expiresAt: number | undefined;
  run: Run;
}) {
  const remember = useSignal(false);
  const isAnswered = useSignal(false);
  const issue = useSignal("");
  const answer = async (isAllowed: boolean, event: MouseEvent) => {
    if (isAnswered.value) return;
    isAnswered.value = true;
    leaveButton(event);
    try {
      if (isAllowed) await run.approve(approvalId, remember.value);
      else await run.deny(approvalId, remember.value);
    } catch (error) {
      if (!WickError.isInstance(error)) throw error;
      issue.value = error.message;
      isAnswered.value = false;
    }
  };
  return (
    <div class="ask" role="group" aria-label={`May ${name} run?`}>
      <p>
        May it run?
        {expiresAt !== undefined && <> Without an answer it is denied at {timeOf(expiresAt)}.</>}
      </p>
      <div class="ask-bar">
        <button
          type="button"
          class="primary"
          aria-disabled={isAnswered.value}
          onClick={(event) => void answer(true, event)}
        >
          Approve
        </button>
        <button
          type="button"
          class="plain"
          aria-disabled={isAnswered.value}
          onClick={(event) => void answer(false, event)}
        >
          Deny
        </button>
        <label class="check">
          <input
            type="checkbox"
            checked={remember.value}
            onChange={({ currentTarget }) => {
              remember.value = currentTarget.checked;
            }}
          />
          for the rest of this answer
        </label>
      </div>
      {issue.value !== "" && (
        <p class="issue" role="alert">
          {issue.value}
        </p>
      )}
    </div>
  );
}

function stateWords({ state }: ToolPart): string {
  switch (state.kind) {
    case "written":
      return "called";
    case "asking":
      return "asks";
    case "calling":
      return "runs …";
    case "complete":
      return state.durationMs === undefined ? "done" : `done in ${state.durationMs.toLocaleString()} ms`;
    case "failed":
      return `failed: ${state.error.code}`;
    case "denied":
      return "denied";
    case "left":
      return "left behind";
  }
}

/** JSON on lines of its own; what is no JSON as it is. */
function indented(input: string): string {
  try {
    const text = JSON.stringify(JSON.parse(input), null, 2);
    return text.length <= 100 ? text.replaceAll(/\s*\n\s*/g, " ") : text;
  } catch {
    return input;
  }
}

function timeOf(milliseconds: number): string {
  return new Date(milliseconds).toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit" });
}
