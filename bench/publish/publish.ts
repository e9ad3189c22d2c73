import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { readLimit, rate, type Cell } from "../cell.ts";
import { resultsFolder, type Results } from "../results.ts";
import { drawCharts, type BarChart } from "./bar-chart.ts";
import { cellTable, figureTable, noisyNames } from "./tables.ts";

const docs = fileURLToPath(new URL("../../docs", import.meta.url));
const page = `${docs}/performance.md`;
const BEGIN = "<!-- Written by `npm run bench -- report` from bench/results. -->";
const END = "<!-- End of what is written by `npm run bench -- report`. -->";

/** Writes the committed results as tables and plots into docs/performance.md. */
export function publish(): void {
  const files = readdirSync(resultsFolder).filter((name) => name.endsWith(".json"));
  const sections = files.toSorted().map((name) => {
    const results = JSON.parse(readFileSync(`${resultsFolder}/${name}`, "utf8")) as Results;
    return section(name.replace(/\.json$/, ""), results);
  });
  const text = readFileSync(page, "utf8");
  const [before = "", rest = ""] = text.split(BEGIN);
  const [, after = ""] = rest.split(END);
  writeFileSync(page, `${before.trimEnd()}\n\n${[BEGIN, ...sections, END].join("\n\n")}\n${after}`);
}

function section(name: string, { suite, machine, versions, cells, figures }: Results): string {
  const parts = groupBy(cells, ({ part }) => part);
  const made = [...new Set([...cells, ...figures].map(({ commit, date }) => `${commit} on ${date}`))].join(", ");
  const programs = Object.entries(versions).map(([program, version]) => `${program} ${version}`);
  const noisy = noisyNames(cells);
  const plots = chartsOf(cells);
  if (plots.length > 0) writeFileSync(`${docs}/performance-${name}.svg`, drawCharts(plots, "read limit"));
  return [
    `### ${suite}: ${machine.cpu}, ${machine.cores} cores`,
    `${[machine.features.join(", "), programs.join(", "), `commits ${made}`].join("; ")}.`,
    ...(plots.length > 0 ? [`![${suite}: tokens per second by engine](performance-${name}.svg)`] : []),
    ...[...parts].flatMap(([part, of]) => [`#### ${part}`, cellTable(of)]),
    ...(figures.length > 0 ? [figureTable(figures)] : []),
    ...(noisy.length > 0 ? [`The machine was not quiet for: ${noisy.join("; ")}.`] : []),
  ].join("\n\n");
}

/** One chart for each part and length, of what has a rate. */
function chartsOf(cells: readonly Cell[]): BarChart[] {
  const rated = cells.filter((cell) => cell.unit === "tokens/s");
  return [...groupBy(rated, ({ part, tokens }) => `${part}, ${tokens} tokens: tokens/s`)].map(([title, of]) => ({
    title,
    groups: of.map((cell) => {
      const engines = new Set(cell.figures.flatMap(({ ours, theirs }) => [ours, theirs]));
      return {
        labels: [cell.type, `${cell.threads} thread${cell.threads === 1 ? "" : "s"}`],
        bars: [...engines].map((series) => ({ series, value: rate(cell, series) })),
        ...(cell.part.startsWith("decode") && { limit: readLimit(cell) }),
      };
    }),
  }));
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return groups;
}
