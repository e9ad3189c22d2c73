import { useSignal } from "@preact/signals";
import type { AnswerPart, AnswerTurn } from "../conversation/turn.js";
import { markdownOf } from "../markdown/part-markdown.js";
import { CopyButton } from "../page/copy-button.js";
import { leaveButton } from "../page/focus.js";
import { Icon } from "../page/icon.js";
import { usePage } from "../page/page-context.js";
import type { LivePart } from "../run/answer-builder.js";
import type { Run } from "../run/run.js";
import { Alternatives } from "./alternatives.js";
import { AnswerFigures } from "./answer-figures.js";
import { OutcomeView } from "./outcome-view.js";
import { ProseView } from "./prose-view.js";
import { ReasoningView } from "./reasoning-view.js";
import { TokenStrip } from "./token-strip.js";
import { ToolView } from "./tool-view.js";

/** An answer, while it comes and after. Both are one view, so that what is open or has the focus stays so. */
export function AnswerView(props: { run: Run; isLast: boolean } | { turn: AnswerTurn; isLast: boolean }) {
  const { isLast } = props;
  const [run, turn] = "run" in props ? [props.run, undefined] : [undefined, props.turn];
  // What the run has is drawn when it says so.
  void run?.frame.value;
  const showsTokens = useSignal(false);
  const parts = run?.builder.parts ?? turn?.parts.map(livePart) ?? [];
  const logprobs = run?.builder.logprobs ?? turn?.logprobs ?? [];
  const isWaiting = run !== undefined && parts.length === 0;
  return (
    <li class={run === undefined ? "turn answer" : "turn answer live"}>
      <div class="margin">
        <h2>{run?.modelName ?? turn?.model}</h2>
        <AnswerFigures run={run} turn={turn} />
      </div>
      <div class="body">
        {isWaiting && <Waiting run={run} />}
        {showsTokens.value && logprobs.length > 0 ? (
          <TokenStrip tokens={logprobs} />
        ) : (
          parts.map((part, index) => <PartView key={index} part={part} run={run} />)
        )}
        {turn !== undefined && <OutcomeView turn={turn} />}
        <div class={isLast ? "actions shown" : "actions"}>
          {logprobs.length > 0 && (
            <button
              type="button"
              class="quiet words"
              aria-pressed={showsTokens.value}
              onClick={() => {
                showsTokens.value = !showsTokens.value;
              }}
            >
              Tokens
            </button>
          )}
          {turn !== undefined && <TurnActions turn={turn} />}
        </div>
      </div>
    </li>
  );
}

function TurnActions({ turn }: { turn: AnswerTurn }) {
  const { playground } = usePage();
  return (
    <>
      <CopyButton label="Copy the answer" text={() => textOf(turn.parts)} />
      <button
        type="button"
        class="quiet"
        data-shortcut="retry"
        aria-label="Answer again"
        title="Answer again: a branch begins here"
        onClick={(event) => {
          if (playground.retry(turn.parent)) leaveButton(event);
        }}
      >
        <Icon name="retry" />
      </button>
      <button
        type="button"
        class="quiet"
        aria-label="Delete the answer and what follows"
        title="Delete from here"
        onClick={(event) => {
          playground.delete(turn);
          leaveButton(event);
        }}
      >
        <Icon name="trash" />
      </button>
      <Alternatives turn={turn} />
    </>
  );
}

function PartView({ part, run }: { part: LivePart; run: Run | undefined }) {
  switch (part.kind) {
    case "text":
      return <ProseView markdown={part.markdown} run={run} />;
    case "reasoning":
      return <ReasoningView text={part.text} markdown={part.markdown} run={run} />;
    case "tool":
      // A copy: what is live changes in place, and the view would not see it.
      return <ToolView part={{ ...part }} run={run} />;
  }
}

function Waiting({ run }: { run: Run }) {
  void run.frame.value;
  const { prompt } = run.builder;
  if (prompt === undefined) return <p class="waiting">Waiting for the first token …</p>;
  const { processed, total, queuePosition } = prompt;
  if (queuePosition !== undefined && queuePosition > 0) {
    return <p class="waiting">Waiting: {queuePosition} requests are before this one.</p>;
  }
  return (
    <p class="waiting">
      Reading the prompt{" "}
      <span class="figure">
        {processed.toLocaleString()} / {total.toLocaleString()} tokens
      </span>
    </p>
  );
}

function livePart(part: AnswerPart): LivePart {
  return part.kind === "tool" ? part : { kind: part.kind, text: part.text, markdown: markdownOf(part) };
}

function textOf(parts: readonly AnswerPart[]): string {
  return parts.flatMap((part) => (part.kind === "text" ? [part.text.trim()] : [])).join("\n\n");
}
