import { useSignal } from "@preact/signals";
import type { Kind } from "wick/remote";
import { CopyButton } from "../page/copy-button.js";
import { usePage } from "../page/page-context.js";
import type { Run } from "../run/run.js";
import { JsonView } from "./json-view.js";
import { ResponseList } from "./response-list.js";

/** Each response of the last run, as it came. */
export function InspectorPanel() {
  const run = usePage().playground.run.value;
  if (run === undefined) {
    return (
      <p class="help">
        Each <code>Response</code> of the conversation’s next run is listed here, as the stream brings it.
      </p>
    );
  }
  return <Log key={run.id} run={run} />;
}

function Log({ run }: { run: Run }) {
  // The log grows with the run.
  void run.frame.value;
  const { log } = run;
  const kinds = useSignal<ReadonlySet<Kind>>(new Set());
  const chosen = useSignal<number | undefined>(undefined);
  const entries = log.entries(kinds.value);
  const entry = entries.find(({ number }) => number === chosen.value);
  const toggle = (kind: Kind) => {
    const next = new Set(kinds.value);
    if (!next.delete(kind)) next.add(kind);
    kinds.value = next;
  };
  return (
    <div class="inspector">
      <div class="kinds" role="group" aria-label="Kinds to show">
        {[...log.counts].map(([kind, count]) => (
          <button
            key={kind}
            type="button"
            class="kind"
            aria-pressed={kinds.value.has(kind)}
            onClick={() => toggle(kind)}
          >
            {kind} <span class="figure">{count.toLocaleString()}</span>
          </button>
        ))}
      </div>
      <ResponseList
        entries={entries}
        version={log.total}
        chosen={chosen.value}
        isRunning={run.isRunning.value}
        onChoose={(number) => {
          chosen.value = number;
        }}
      />
      <div class="log-bar">
        <p class="help">
          {entries.length.toLocaleString()} of {log.total.toLocaleString()} responses
          {log.forgotten > 0 && `; the first ${log.forgotten.toLocaleString()} are no longer kept`}
        </p>
        <CopyButton label="Copy as NDJSON" text={() => log.ndjson(kinds.value)} hasWords />
      </div>
      {entry === undefined ? (
        <p class="help">Choose a response to see all of it.</p>
      ) : (
        <JsonView value={entry.response} label={`Response ${entry.number}`} />
      )}
    </div>
  );
}
