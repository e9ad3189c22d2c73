import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { temporaryFolder, wick } from "./in-process.ts";

function missing(shell: string): string | undefined {
  return spawnSync(shell, ["-c", "true"]).status === 0 ? undefined : `there is no ${shell}`;
}

async function script(shell: string): Promise<string> {
  const { code, stdout } = await wick(["completions", shell]);
  expect(code).toBe(0);
  const path = join(temporaryFolder(), `wick.${shell}`);
  writeFileSync(path, stdout);
  return path;
}

function said(shell: string, args: readonly string[]): string[] {
  const { status, stdout, stderr } = spawnSync(shell, args, { encoding: "utf8" });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  return stdout.split("\n").filter((line) => line !== "");
}

const cases: [string, readonly string[] | RegExp][] = [
  ["wick ch", ["chat"]],
  ["wick --vers", ["--version"]],
  ["wick run --is", ["--isq"]],
  ["wick run --isq ", ["2", "3", "4", "5", "6", "8"]],
  ["wick chat demo --provider mis", ["mistral", "mistralrs"]],
  ["wick completions ", ["bash", "fish", "zsh"]],
  ["wick help ben", ["bench"]],
  ["wick bench --re", ["--repeat", "--revision"]],
];

describe.skipIf(missing("bash") !== undefined)(`completions of bash (${missing("bash") ?? "run"})`, () => {
  test.each(cases)("%s", async (line, expected) => {
    const words = line.split(" ");
    const program = `source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _wick; printf '%s\\n' "\${COMPREPLY[@]}"`;
    expect(said("bash", ["-c", program, await script("bash"), ...words]).toSorted()).toEqual(expected);
  });

  test("leave files to the shell where a file can stand", async () => {
    const program = `source "$0"; COMP_WORDS=(wick run --schema ""); COMP_CWORD=3; _wick; echo "\${#COMPREPLY[@]}"; complete -p wick`;
    expect(said("bash", ["-c", program, await script("bash")])).toEqual(["0", "complete -o default -F _wick wick"]);
  });
});

describe.skipIf(missing("fish") !== undefined)(`completions of fish (${missing("fish") ?? "run"})`, () => {
  test.each(cases)("%s", async (line, expected) => {
    const program = `source ${await script("fish")}; complete -C ${JSON.stringify(line)}`;
    const words = said("fish", ["--no-config", "-c", program]).map((word) => word.split("\t")[0] ?? "");
    expect(words.toSorted()).toEqual(expected);
  });
});

describe.skipIf(missing("zsh") !== undefined)(`completions of zsh (${missing("zsh") ?? "run"})`, () => {
  test("are read without an error", async () => {
    expect(said("zsh", ["-f", "-n", await script("zsh")])).toEqual([]);
  });
});

test("zsh's flags and choices are in its form", async () => {
  const { stdout } = await wick(["completions", "zsh"]);
  expect(stdout).toMatch(/^#compdef wick\n/);
  expect(stdout).toContain(
    "'--isq[quantise the weights while loading, to about so many bits each]:bits:(2 3 4 5 6 8)'",
  );
  expect(stdout).toContain("'(-m --model)'{-m,--model}'[");
  expect(stdout).toContain('\'--speculation["off", "ngram", or "draft\\:<model>"');
});
