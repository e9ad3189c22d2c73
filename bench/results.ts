import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import type { Cell } from "./cell.ts";
import { cpuSlug, machine, type Machine } from "./machine.ts";
import type { Figure } from "./report.ts";

/** What a part measures: comparisons with peers, or figures of our own. */
export type Result = Cell | Figure;

export const isCell = (result: Result): result is Cell => "series" in result;

export const figuresOf = (results: readonly Result[]): Figure[] =>
  results.flatMap((result): readonly Figure[] => (isCell(result) ? result.figures : [result]));

interface Origin {
  readonly commit: string;
  readonly date: string;
}

/** One file of `bench/results`: a suite on a CPU. */
export interface Results {
  readonly suite: string;
  readonly machine: Machine;
  readonly versions: Readonly<{ [program: string]: string }>;
  readonly cells: readonly (Cell & Origin)[];
  readonly figures: readonly (Figure & Origin)[];
}

export const resultsFolder = fileURLToPath(new URL("results", import.meta.url));

const cellKey = ({ part, model, type, threads, tokens }: Cell): string =>
  [part, model, type, threads, tokens].join(" ");

function commit(): string {
  const git = (...args: string[]) => spawnSync("git", args, { cwd: resultsFolder, encoding: "utf8" }).stdout.trim();
  const hash = git("rev-parse", "--short=12", "HEAD");
  return git("status", "--porcelain", "--untracked-files=no", "--", "../../crates", "../../packages") === ""
    ? hash
    : `${hash}+`;
}

/** Writes a result, over an older one of the same name. */
export function saveResult(suite: string, result: Result, versions: Results["versions"]): void {
  mkdirSync(resultsFolder, { recursive: true });
  const path = `${resultsFolder}/${suite}-${cpuSlug}.json`;
  const before = existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as Results) : undefined;
  const origin = { commit: commit(), date: new Date().toISOString().slice(0, 10) };
  const cells = new Map((before?.cells ?? []).map((cell) => [cellKey(cell), cell]));
  const figures = new Map((before?.figures ?? []).map((figure) => [figure.name, figure]));
  if (isCell(result)) cells.set(cellKey(result), { ...result, ...origin });
  else figures.set(result.name, { ...result, ...origin });
  const file: Results = {
    suite,
    machine,
    versions: { ...before?.versions, node: process.versions.node, ...versions },
    cells: [...cells.values()],
    figures: [...figures.values()],
  };
  const short = (_: string, value: unknown) => (typeof value === "number" ? Number(value.toPrecision(5)) : value);
  writeFileSync(path, `${JSON.stringify(file, short, 1)}\n`);
}
