import { useSignal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { branchOf } from "../conversation/conversation.js";
import { Icon } from "../page/icon.js";
import { usePage } from "../page/page-context.js";
import { AnswerView } from "./answer-view.js";
import { EmptyTranscript } from "./empty-transcript.js";
import { QuestionView } from "./question-view.js";
import { SystemPrompt } from "./system-prompt.js";

/** Turns that are drawn at first, and that are added at once. */
const shownAtOnce = 60;
/** So near its end a reader is at the end. */
const nearPixels = 48;

/** The conversation that is shown. */
export function Transcript() {
  const { playground } = usePage();
  const conversation = playground.conversation.value;
  const shown = useSignal(shownAtOnce);
  const branch = branchOf(conversation);
  const turns = branch.slice(-shown.value);
  const hidden = branch.length - turns.length;
  const run = playground.run.value;
  const isLive = run?.isRunning.value === true && run.parent === conversation.leaf;
  const scroller = useFollowing(conversation.id, conversation.leaf);
  return (
    <div class="transcript" ref={scroller.ref} onScroll={scroller.onScroll}>
      <div class="column">
        <SystemPrompt key={conversation.id} />
        {branch.length === 0 && <EmptyTranscript />}
        {hidden > 0 && (
          <button
            type="button"
            class="plain earlier"
            onClick={() => {
              shown.value += shownAtOnce;
            }}
          >
            Show {Math.min(hidden, shownAtOnce)} of {hidden} earlier turns
          </button>
        )}
        <ol class="turns" aria-label="Conversation">
          {/* In one list, so that an answer that ends stays what it is on the page. */}
          {[
            ...turns.map((turn, index) => {
              const isLast = index === turns.length - 1 && !isLive;
              return turn.kind === "user" ? (
                <QuestionView key={turn.id} turn={turn} isLast={isLast} />
              ) : (
                <AnswerView key={turn.id} turn={turn} isLast={isLast} />
              );
            }),
            ...(isLive ? [<AnswerView key={run.id} run={run} isLast />] : []),
          ]}
        </ol>
      </div>
      {scroller.isAway.value && (
        <button type="button" class="to-end" onClick={scroller.toEnd}>
          <Icon name="down" />
          {isLive ? "Follow the answer" : "To the end"}
        </button>
      )}
    </div>
  );
}

/** Stays at the end while an answer grows, until the reader scrolls away. */
function useFollowing(conversation: string, leaf: string | null) {
  const ref = useRef<HTMLDivElement>(null);
  const isFollowing = useRef(true);
  const lastTop = useRef(0);
  const isAway = useSignal(false);
  const toEnd = () => {
    const { current } = ref;
    isFollowing.current = true;
    isAway.value = false;
    if (current !== null) current.scrollTop = current.scrollHeight;
  };
  const onScroll = () => {
    const { current } = ref;
    if (current === null) return;
    const isNear = current.scrollHeight - current.scrollTop - current.clientHeight < nearPixels;
    // Only a reader scrolls up; down goes the page, too.
    if (isNear) isFollowing.current = true;
    else if (current.scrollTop < lastTop.current) isFollowing.current = false;
    lastTop.current = current.scrollTop;
    isAway.value = !isNear && !isFollowing.current;
  };
  // Another conversation, or something new in it.
  useLayoutEffect(toEnd, [conversation, leaf]);
  // What is drawn only when it is seen has its height late, and so has a page whose window changes.
  useLayoutEffect(() => {
    const { current } = ref;
    if (current === null) return undefined;
    const observer = new ResizeObserver(() => {
      if (isFollowing.current) current.scrollTop = current.scrollHeight;
    });
    observer.observe(current);
    for (const child of current.children) observer.observe(child);
    return () => observer.disconnect();
  }, []);
  return { ref, onScroll, toEnd, isAway };
}
