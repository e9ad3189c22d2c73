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
  results.flatMap((result) => (isCell(result) ? result.figures : [result]));

/** A result and what it was measured of. */
export type Record = Result & { readonly commit: string; readonly date: string };

/** One file of `bench/results`: a suite on a CPU. */
export interface Results {
  readonly suite: string;
  readonly machine: Machine;
  readonly versions: Readonly<{ [program: string]: string }>;
  readonly results: readonly Record[];
}

export const resultsFolder = fileURLToPath(new URL("results", import.meta.url));

const key = (result: Result): string =>
  isCell(result) ? [result.part, result.model, result.type, result.threads, result.tokens].join(" ") : result.name;

function commit(): string {
  const git = (...args: string[]) => spawnSync("git", args, { cwd: resultsFolder, encoding: "utf8" }).stdout.trim();
  const hash = git("rev-parse", "--short=12", "HEAD");
  return git("status", "--porcelain", "--untracked-files=no", "--", "../../crates", "../../packages") === ""
    ? hash
    : `${hash}+`;
}

/** Writes results over older ones of the same name. */
export function saveResults(suite: string, results: readonly Result[], versions: Results["versions"]): void {
  mkdirSync(resultsFolder, { recursive: true });
  const path = `${resultsFolder}/${suite}-${cpuSlug}.json`;
  const before = existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as Results) : undefined;
  const measured = { commit: commit(), date: new Date().toISOString().slice(0, 10) };
  const all = new Map((before?.results ?? []).map((record) => [key(record), record]));
  for (const result of results) all.set(key(result), { ...result, ...measured });
  const file: Results = {
    suite,
    machine,
    versions: { ...before?.versions, node: process.versions.node, ...versions },
    results: [...all.values()],
  };
  writeFileSync(path, `${JSON.stringify(file, undefined, 1)}\n`);
}
