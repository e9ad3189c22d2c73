import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { builtInToolNames } from "../src/chat/built-in-tools.ts";
import { exitCodes } from "../src/exit-code.ts";
import { flagOf, settingKeys, variableOf } from "../src/settings/setting.ts";
import { wick } from "./in-process.ts";

const documentation = readFileSync(new URL("../../../docs/cli.md", import.meta.url), "utf8");

/** The cells of the rows whose first cell has a form. */
const rows = (first: RegExp) =>
  documentation
    .split("\n")
    .map((line) => line.split("|").map((cell) => cell.trim()))
    .filter(([, cell = ""]) => first.test(cell));

test("docs/cli.md has every setting, with its variable and flag", () => {
  const documented = rows(/^`[a-z][A-Za-z]*`$/).map(([, key, variable, flag]) => [
    key,
    variable,
    flag?.split(", ").at(-1),
  ]);
  expect(documented).toEqual(settingKeys.map((key) => [`\`${key}\``, `\`${variableOf(key)}\``, `\`${flagOf(key)}\``]));
});

test("docs/cli.md has every exit code and tool", () => {
  expect(rows(/^\d+$/).map(([, code]) => Number(code))).toEqual(Object.values(exitCodes));
  expect(builtInToolNames.filter((name) => !documentation.includes(`\`${name}\``))).toEqual([]);
});

test("docs/cli.md has the commands that are there", async () => {
  const { stdout } = await wick(["--help"]);
  const commands = [...stdout.matchAll(/^ {2}([a-z]+)(?:\|[a-z]+)?(?: [[<].*?)? {2,}/gm)].map(([, name]) => name);
  const documented = rows(/^`wick /).map(([, usage]) => /`wick ([a-z]+)/.exec(usage ?? "")?.[1]);
  expect(documented).toContain("serve");
  expect(documented.toSorted()).toEqual(commands.toSorted());
});
