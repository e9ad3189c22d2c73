import { arch, availableParallelism, freemem, platform, release, totalmem } from "node:os";
import { type ExecutableTool, tool } from "wick";
import { bytesText } from "../output/quantity.js";
import { calculate } from "./calculator.js";

/** Tools that change nothing, and read neither files nor the network. */
export const builtInTools = {
  calculate: {
    summary: "calculates arithmetic",
    description: "Calculate an arithmetic expression",
    parameters: { type: "object", properties: { expression: { type: "string" } }, required: ["expression"] },
    execute: ({ expression }: { expression: string }) => String(calculate(expression)),
  },
  get_time: {
    summary: "tells the time, here or in a city",
    description: "Get the current time and date, of this machine or in a city",
    parameters: { type: "object", properties: { city: { type: "string" } } },
    execute: ({ city }: { city?: string }) => timeText(new Date(), city),
  },
  get_machine: {
    summary: "tells what this machine is",
    description: "Get the operating system, processors and memory of this machine",
    parameters: { type: "object", properties: {} },
    execute: () => ({
      system: `${platform()} ${release()}`,
      architecture: arch(),
      processors: availableParallelism(),
      memory: bytesText(totalmem()),
      freeMemory: bytesText(freemem()),
    }),
  },
} as const;

/** The name of a built-in tool. */
export type BuiltInToolName = keyof typeof builtInTools;

/** All of them. */
export const builtInToolNames = Object.keys(builtInTools) as readonly BuiltInToolName[];

/**
 * The tools of some names, as Wick runs them.
 *
 * @param isAllowed - Whether a tool runs without a question.
 */
export function toolsOf(
  names: Iterable<BuiltInToolName>,
  isAllowed: (name: BuiltInToolName) => boolean,
): ExecutableTool[] {
  return Array.from(names, (name) => {
    const { description, parameters, execute } = builtInTools[name];
    return tool({
      name,
      description,
      parameters,
      // Arguments were checked by the schema, which says no more than the type.
      execute: (input) => (execute as (input: unknown) => unknown)(input),
      needsApproval: () => !isAllowed(name),
    });
  });
}

/** The time of a city whose name a time zone has, or of this machine. */
export function timeText(now: Date, city?: string): string {
  const options = { dateStyle: "full", timeStyle: "long" } as const;
  if (city === undefined || city.trim() === "") return now.toLocaleString("en-GB", options);
  const wanted = city.trim().toLowerCase().replaceAll(" ", "_");
  const timeZone = Intl.supportedValuesOf("timeZone").find(
    (zone) => zone.toLowerCase() === wanted || zone.toLowerCase().split("/").at(-1) === wanted,
  );
  if (timeZone === undefined) throw new Error(`No time zone is named after ${city}.`);
  return `${now.toLocaleString("en-GB", { ...options, timeZone })} in ${timeZone}`;
}
