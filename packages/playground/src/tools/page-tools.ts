import { type ExecutableTool, type JsonSchema, type ToolDefinition, tool } from "wick/remote";
import type { Settings, ToolUse } from "../settings/settings.js";
import { calculator } from "./calculator.js";
import { countdown } from "./countdown.js";
import { currentTime } from "./current-time.js";
import { randomNumber } from "./random-number.js";

/** A tool that this page can run. */
export interface PageTool {
  readonly title: string;
  readonly definition: ToolDefinition<JsonSchema>;
  /** What its file calls it. */
  readonly variable: string;
  /** Its file, which programs can take as it is. */
  readonly source: string;
}

const files = import.meta.glob<string>("./{calculator,countdown,current-time,random-number}.ts", {
  query: "?raw",
  import: "default",
  eager: true,
});

/** All of them. */
export const pageTools: readonly PageTool[] = [
  { title: "Current time", definition: currentTime, variable: "currentTime", source: sourceOf("current-time") },
  { title: "Calculator", definition: calculator, variable: "calculator", source: sourceOf("calculator") },
  { title: "Random number", definition: randomNumber, variable: "randomNumber", source: sourceOf("random-number") },
  { title: "Countdown", definition: countdown, variable: "countdown", source: sourceOf("countdown") },
];

function sourceOf(name: string): string {
  const source = files[`./${name}.ts`];
  if (source === undefined) throw new Error(`The tool ${name} has no file of its name.`);
  return source;
}

/** Those that the settings let a model use, and whether they ask first. */
export function usedTools({ tools }: Settings): { tool: PageTool; use: Exclude<ToolUse, "off"> }[] {
  return pageTools.flatMap((pageTool) => {
    const use = tools[pageTool.definition.name] ?? "off";
    return use === "off" ? [] : [{ tool: pageTool, use }];
  });
}

/** The same, to run. */
export function executableTools(settings: Settings): ExecutableTool[] {
  return usedTools(settings).map(({ tool: { definition }, use }) =>
    tool({ ...definition, needsApproval: use === "ask" }),
  );
}
