import { useSignal } from "@preact/signals";
import { useId, useLayoutEffect, useRef } from "preact/hooks";
import type { LoggedResponse } from "../run/response-log.js";
import { summaryOf } from "./response-summary.js";
import { scrollTo, visibleRows } from "./visible-rows.js";

/** As the style sheet has it. */
const rowHeight = 26;
const nearPixels = 2 * rowHeight;

/** Responses, one below the other, of which those are drawn that are seen. Arrows go from one to the next. */
export function ResponseList({
  entries,
  chosen,
  isRunning,
  onChoose,
}: {
  entries: readonly LoggedResponse[];
  /** Another one where there may be more entries; a view with the same props is not drawn again. */
  version: number;
  chosen: number | undefined;
  isRunning: boolean;
  onChoose: (number: number) => void;
}) {
  const id = useId();
  const list = useRef<HTMLDivElement>(null);
  const scrollTop = useSignal(0);
  const height = useSignal(0);
  const isFollowing = useRef(true);
  useLayoutEffect(() => {
    const { current } = list;
    if (current === null) return undefined;
    const measure = new ResizeObserver(() => {
      height.value = current.clientHeight;
    });
    measure.observe(current);
    return () => measure.disconnect();
  }, []);
  useLayoutEffect(() => {
    const { current } = list;
    if (isRunning && isFollowing.current && current !== null) current.scrollTop = current.scrollHeight;
  }, [entries.length, isRunning]);
  const at = entries.findIndex(({ number }) => number === chosen);
  const choose = (index: number) => {
    const entry = entries[Math.min(entries.length - 1, Math.max(0, index))];
    const { current } = list;
    if (entry === undefined || current === null) return;
    onChoose(entry.number);
    isFollowing.current = false;
    current.scrollTop = scrollTo(entries.indexOf(entry), {
      scrollTop: current.scrollTop,
      height: current.clientHeight,
      rowHeight,
    });
  };
  const { from, to } = visibleRows({
    scrollTop: scrollTop.value,
    height: height.value,
    rowHeight,
    count: entries.length,
  });
  const page = Math.max(1, Math.floor(height.value / rowHeight) - 1);
  return (
    <div
      ref={list}
      class="responses"
      role="listbox"
      aria-label="Responses"
      tabIndex={0}
      aria-activedescendant={at >= from && at < to ? `${id}-${chosen}` : undefined}
      onScroll={({ currentTarget }) => {
        scrollTop.value = currentTarget.scrollTop;
        isFollowing.current =
          currentTarget.scrollHeight - currentTarget.scrollTop - currentTarget.clientHeight < nearPixels;
      }}
      onKeyDown={(event) => {
        const step = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page }[event.key];
        if (step !== undefined) choose(at === -1 ? 0 : at + step);
        else if (event.key === "Home") choose(0);
        else if (event.key === "End") choose(entries.length - 1);
        else return;
        event.preventDefault();
      }}
    >
      <div class="rows" style={{ height: `${entries.length * rowHeight}px` }} role="presentation">
        {entries.slice(from, to).map(({ number, atMs, response }, index) => (
          <div
            key={number}
            id={`${id}-${number}`}
            class={`row ${rowClass(response.kind)}`}
            role="option"
            aria-selected={number === chosen}
            aria-setsize={entries.length}
            aria-posinset={from + index + 1}
            style={{ top: `${(from + index) * rowHeight}px` }}
            onClick={() => choose(from + index)}
          >
            <span class="figure time">{atMs.toFixed(0)} ms</span>
            <span class="kind-name">{response.kind}</span>
            <span class="summary">{summaryOf(response)}</span>
          </div>
        ))}
      </div>
    </div>
  );
}

function rowClass(kind: string): string {
  if (kind === "chunk" || kind === "prompt_progress") return "delta";
  return kind.startsWith("agentic_") ? "agentic" : "end";
}
