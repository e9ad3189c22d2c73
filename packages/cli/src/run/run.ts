import { resolve } from "node:path";
import type { ChatCompletion, Completion, JsonSchema, Model, ResponseStream, WickResponse } from "wick";
import type { CommandContext } from "../command-context.js";
import type { RunFlags } from "../commands/run.js";
import { type ExitCode, exitCodes } from "../exit-code.js";
import { Failure, UsageError } from "../failure.js";
import { modelChoice } from "../model/model-choice.js";
import { demoNote, openModel } from "../model/open-model.js";
import { callOptions, chatSettings, samplingRequest, textOfFile } from "../model/request-settings.js";
import { type EffectiveSettings, effectiveSettings } from "../settings/effective-settings.js";
import { readPrompt } from "./prompt.js";
import { answerPrinter } from "./answer-printer.js";
import { printResponses } from "./responses.js";
import { statsText } from "./stats.js";

/** Answers one prompt. */
export async function run(
  context: CommandContext,
  words: readonly string[],
  flags: RunFlags & Readonly<Record<string, unknown>>,
): Promise<ExitCode> {
  const settings = await effectiveSettings(context.environment, flags);
  const choice = modelChoice(settings, context.environment);
  const schema = flags.schema === undefined ? undefined : await readSchema(flags.schema, context);
  const prompt = await readPrompt(words, context);
  if (choice.kind === "none") context.stderr.write(`${demoNote}\n`);
  const { model } = await openModel(choice, settings, context);
  try {
    const answering = { context, settings, flags, model, prompt, schema };
    const completion = schema !== undefined && flags.json !== true ? await value(answering) : await text(answering);
    if (completion === undefined) return exitCodes.failure;
    if (flags.stats === true) context.stderr.write(`${statsText(completion)}\n`);
    return exitCodes.ok;
  } finally {
    await model.close();
  }
}

interface Answering {
  context: CommandContext;
  settings: EffectiveSettings;
  flags: RunFlags & Readonly<Record<string, unknown>>;
  model: Model;
  prompt: string;
  schema: JsonSchema | undefined;
}

/** The answer as text, or as all responses; what was answered, if it came to its end. */
async function text(answering: Answering): Promise<ChatCompletion | Completion | undefined> {
  const { context, flags, settings } = answering;
  const stream = streamOf(answering);
  if (flags.json === true) {
    const completion = await printResponses(stream, context);
    // Whether it is a value of the schema is known when all of it is there.
    return completion === undefined || answering.schema === undefined ? completion : checked(stream.final());
  }
  const printer = await answerPrinter({
    context,
    settings,
    isMarkdown: flags.markdown === true,
    isWhole: !flags.stream,
  });
  return printer.print(stream);
}

function streamOf({
  context,
  settings,
  flags,
  model,
  prompt,
  schema,
}: Answering): ResponseStream<WickResponse, ChatCompletion | Completion> {
  const options = callOptions(settings, context.interruption.signal);
  if (flags.raw === true) return model.completions.stream({ prompt, ...samplingRequest(settings) }, options);
  const request = { messages: messagesOf(prompt, settings), ...chatSettings(settings) };
  return schema === undefined ? model.chat.stream(request, options) : model.chat.parseStream(request, schema, options);
}

/** The answer as a value. */
async function value({ context, settings, model, prompt, schema = {} }: Answering): Promise<ChatCompletion> {
  const request = { messages: messagesOf(prompt, settings), ...chatSettings(settings) };
  const options = callOptions(settings, context.interruption.signal);
  const completion = await checked(model.chat.parse(request, schema, options));
  await context.stdout.send(`${JSON.stringify(completion.parsed)}\n`);
  return completion;
}

/** Says why an answer is no value, where it is none. */
async function checked<C>(completion: Promise<C>): Promise<C> {
  try {
    return await completion;
  } catch (error) {
    const { WickError } = await import("wick");
    if (!WickError.isInstance(error) || error.code !== "output_invalid") throw error;
    const { partial } = error;
    if (partial?.choices[0].finishReason !== "length") {
      throw new Failure(`The answer is no value of the schema: ${error.message}`, { cause: error });
    }
    const after = partial.usage === undefined ? "" : ` after ${partial.usage.completionTokens} tokens`;
    const advice = "Allow more (--max-tokens, --context), or ask for less.";
    throw new Failure(`The value is not whole: the answer was cut${after}. ${advice}`, { cause: error });
  }
}

function messagesOf(prompt: string, settings: EffectiveSettings) {
  const system = settings.get("system");
  const user = { role: "user" as const, content: prompt };
  return system === undefined ? [user] : [{ role: "system" as const, content: system }, user];
}

async function readSchema(file: string, { environment: { cwd } }: CommandContext): Promise<JsonSchema> {
  const source = await textOfFile(resolve(cwd, file), "--schema");
  try {
    const schema: unknown = JSON.parse(source);
    if (typeof schema === "object" && schema !== null && !Array.isArray(schema)) return schema as JsonSchema;
  } catch (error) {
    throw new UsageError(`--schema: ${file} is no JSON: ${(error as Error).message}`, { cause: error });
  }
  throw new UsageError(`--schema: ${file} is no JSON Schema, which is an object.`);
}
