import type { ErrorInfo, FinishReason } from "wick/remote";
import type { AnswerTurn } from "../conversation/turn.js";
import { leaveButton } from "../page/focus.js";
import { Icon } from "../page/icon.js";
import { usePage } from "../page/page-context.js";

/** How an answer ended, where it is not as it should. */
export function OutcomeView({ turn }: { turn: AnswerTurn }) {
  const { playground } = usePage();
  const retry = (
    <button
      type="button"
      class="plain"
      onClick={(event) => {
        if (playground.retry(turn.parent)) leaveButton(event);
      }}
    >
      <Icon name="retry" /> Try again
    </button>
  );
  const { outcome } = turn;
  switch (outcome.kind) {
    case "done": {
      const words = finishWords(outcome.finishReason);
      return words === undefined ? null : <p class="outcome">{words}</p>;
    }
    case "cancelled":
      return <p class="outcome">{outcome.reason === "cancel" ? "Stopped." : `Ended by ${outcome.reason}.`}</p>;
    case "interrupted":
      return <p class="outcome">The page was closed before the answer ended. {retry}</p>;
    case "failed":
      return (
        <div class="failure" role="group" aria-label="Error">
          <ErrorWords error={outcome.error} hasPart={turn.parts.length > 0} />
          {retry}
        </div>
      );
  }
}

function ErrorWords({ error, hasPart }: { error: ErrorInfo; hasPart: boolean }) {
  const { code, message, where, upstream } = error;
  return (
    <>
      <p>
        <code>{code}</code>
        {where !== undefined && (
          <>
            {" at "}
            <code>{where}</code>
          </>
        )}
      </p>
      <p>{message}</p>
      {upstream?.message !== undefined && <p class="upstream">“{upstream.message}”</p>}
      {hasPart && <p class="kept">What had come is kept above.</p>}
    </>
  );
}

/** Nothing for an answer that came to its own end. */
function finishWords(reason: FinishReason): string | undefined {
  switch (reason) {
    case "stop":
      return undefined;
    case "length":
      return "Cut off: there was no room for more tokens.";
    case "tool_calls":
      return "Ended with calls that nobody ran.";
    case "content_filter":
      return "Ended by the host’s filter.";
    case "error":
      return "Ended with an error.";
    case "cancelled":
      return "Stopped.";
  }
}
