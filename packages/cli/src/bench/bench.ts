import type { Model } from "wick";
import type { CommandContext } from "../command-context.js";
import type { BenchFlags } from "../commands/bench.js";
import { type ExitCode, exitCodes } from "../exit-code.js";
import { UsageError } from "../failure.js";
import { modelChoice } from "../model/model-choice.js";
import { modelArgument } from "../model/model-argument.js";
import { demoNote, openModel } from "../model/open-model.js";
import { countText } from "../output/quantity.js";
import { textTable } from "../output/text-table.js";
import { effectiveSettings } from "../settings/effective-settings.js";
import { type Repetition, repeat } from "./repetition.js";
import { type Summary, summary } from "./summary.js";

type Figure = Exclude<keyof Repetition, "promptTokens" | "completionTokens">;

const figures: Readonly<Record<Figure, { title: string; unit: string }>> = {
  prefillTokensPerSecond: { title: "reading the prompt", unit: "tokens/s" },
  decodeTokensPerSecond: { title: "writing the answer", unit: "tokens/s" },
  firstTokenMs: { title: "first token after", unit: "ms" },
  promptMs: { title: "prompt read in", unit: "ms" },
  forwardMs: { title: "a token: the model", unit: "ms" },
  overheadMs: { title: "a token: all else", unit: "ms" },
};

const figureNames = Object.keys(figures) as readonly Figure[];

/** Measures a model on this machine. */
export async function bench(
  context: CommandContext,
  argument: string | undefined,
  flags: BenchFlags & Readonly<Record<string, unknown>>,
): Promise<ExitCode> {
  const settings = await effectiveSettings(context.environment, modelArgument(argument, flags));
  const choice = modelChoice(settings, context.environment);
  if (choice.kind === "hosted") {
    throw new UsageError("wick bench measures a model on this machine, and not one at a host. Add --no-connect.");
  }
  if (choice.kind === "none") context.stderr.write(`${demoNote}\n`);
  const { model } = await openModel(choice, settings, context);
  try {
    checkContext(model, flags);
    const runs = await repetitions(model, flags, context);
    const text = flags.json === true ? jsonText(model, flags, runs) : tableText(model, flags, runs);
    await context.stdout.send(`${text}\n`);
    return exitCodes.ok;
  } finally {
    await model.close();
  }
}

function checkContext({ info: { contextLength = Infinity } }: Model, { promptTokens, tokens }: BenchFlags): void {
  if (promptTokens + tokens <= contextLength) return;
  const asked = `${promptTokens} tokens of prompt and ${tokens} of answer`;
  throw new UsageError(
    `${asked} do not fit a context of ${contextLength}: lower --prompt-tokens or --tokens, or raise --context.`,
  );
}

async function repetitions(
  model: Model,
  { promptTokens, tokens, repeat: count }: BenchFlags,
  { stderr, interruption: { signal } }: CommandContext,
): Promise<Repetition[]> {
  const workload = { promptTokens, tokens, signal };
  const runs: Repetition[] = [];
  for (let index = 0; index <= count; index += 1) {
    if (stderr.isTerminal) stderr.write(`\r${index === 0 ? "Warming up" : `Repetition ${index} of ${count}`}\u001B[K`);
    const run = await repeat(model, workload, index).finally(() => {
      if (stderr.isTerminal) stderr.write("\r\u001B[K");
    });
    if (index > 0) runs.push(run);
  }
  return runs;
}

function summaries(runs: readonly Repetition[]): [Figure, Summary][] {
  return figureNames.flatMap((name): [Figure, Summary][] => {
    const whole = summary(runs.flatMap((run) => run[name] ?? []));
    return whole === undefined ? [] : [[name, whole]];
  });
}

function jsonText(model: Model, { promptTokens, tokens }: BenchFlags, runs: readonly Repetition[]): string {
  const { kvBytesTotal } = model.stats();
  const report = {
    model: model.info,
    kvBytesTotal,
    promptTokens,
    tokens,
    summary: Object.fromEntries(summaries(runs)),
    runs,
  };
  return JSON.stringify(report, undefined, 2);
}

function tableText({ info }: Model, { promptTokens, tokens }: BenchFlags, runs: readonly Repetition[]): string {
  const { id, architecture, quantization, engine, device, simd } = info;
  const about = [architecture, quantization, engine, device, simd].filter((part) => part !== undefined);
  const head = `${id} (${about.join(", ")})`;
  const work = `${countText(promptTokens, "token")} of prompt, ${tokens} of answer, ${countText(runs.length, "repetition")}`;
  const rows = summaries(runs).map(([name, { median, min, max }]) => {
    const { title, unit } = figures[name];
    return [title, figureText(median), `${figureText(min)} to ${figureText(max)}`, unit];
  });
  const columns = [
    { title: "" },
    { title: "MEDIAN", align: "right" as const },
    { title: "RANGE", align: "right" as const },
    { title: "" },
  ];
  return [head, work, "", textTable(columns, rows)].join("\n");
}

/** Three digits that count. */
function figureText(value: number): string {
  return value >= 100 ? value.toFixed() : value.toFixed(value >= 10 ? 1 : 2);
}
