import type { AnswerTurn } from "../conversation/turn.js";
import type { Run } from "../run/run.js";

/** How fast an answer came, and what it cost; while it comes, how fast it does. */
export function AnswerFigures({ run, turn }: { run: Run | undefined; turn: AnswerTurn | undefined }) {
  void run?.frame.value;
  const rows = run !== undefined ? liveRows(run) : turn !== undefined ? settledRows(turn) : [];
  return (
    <dl class="figures">
      {rows.map(({ name, value, unit }) => (
        <div key={name} class={name === "Speed" ? "speed" : ""}>
          <dt class="off-screen">{name}</dt>
          <dd>
            <span class="figure">{value}</span> {unit}
          </dd>
        </div>
      ))}
    </dl>
  );
}

interface Row {
  name: string;
  value: string;
  unit: string;
}

function liveRows(run: Run): Row[] {
  const { tokensPerSecond, firstDeltaMs, elapsedMs } = run;
  return [
    ...(tokensPerSecond === undefined ? [] : [speedRow(tokensPerSecond, "≈ ")]),
    firstDeltaMs === undefined
      ? { name: "Waiting", value: (elapsedMs / 1000).toFixed(1), unit: "s" }
      : firstRow(firstDeltaMs),
  ];
}

function settledRows({ usage, timings, firstDeltaMs }: AnswerTurn): Row[] {
  const { tokensPerSecond, acceptedTokens } = timings ?? {};
  const first = firstDeltaMs ?? timings?.firstTokenMs;
  const { promptTokens, completionTokens, cachedTokens } = usage ?? {};
  return [
    ...(tokensPerSecond === undefined ? [] : [speedRow(tokensPerSecond)]),
    ...(first === undefined ? [] : [firstRow(first)]),
    ...(completionTokens === undefined ? [] : [countRow("Answer", completionTokens, "tokens")]),
    ...(promptTokens === undefined ? [] : [countRow("Prompt", promptTokens, "in the prompt")]),
    ...(cachedTokens === undefined || cachedTokens === 0 ? [] : [countRow("Cached", cachedTokens, "cached")]),
    ...(acceptedTokens === undefined ? [] : [countRow("Drafted", acceptedTokens, "drafted")]),
  ];
}

function speedRow(tokensPerSecond: number, about = ""): Row {
  const digits = tokensPerSecond < 100 ? 1 : 0;
  return { name: "Speed", value: about + tokensPerSecond.toFixed(digits), unit: "tok/s" };
}

function firstRow(ms: number): Row {
  return ms < 10_000
    ? { name: "First token", value: Math.round(ms).toLocaleString(), unit: "ms to first" }
    : { name: "First token", value: (ms / 1000).toFixed(1), unit: "s to first" };
}

function countRow(name: string, count: number, unit: string): Row {
  return { name, value: count.toLocaleString(), unit };
}
