import { resolve } from "node:path";
import type { ServeOptions } from "@wick/server/node";
import type { Model } from "wick";
import type { CommandContext } from "../command-context.js";
import type { ServeFlags } from "../commands/serve.js";
import { type ExitCode, exitCodes } from "../exit-code.js";
import { UsageError } from "../failure.js";
import { type ModelChoice, localChoice, modelChoice } from "../model/model-choice.js";
import { demoNote, openModel } from "../model/open-model.js";
import { type EffectiveSettings, effectiveSettings } from "../settings/effective-settings.js";
import { requestLog } from "./request-log.js";

/** A model that is to be served. */
interface Named {
  name: string;
  choice: ModelChoice;
}

/** Serves models until it is told to end. */
export async function serveModels(
  context: CommandContext,
  names: readonly string[],
  flags: ServeFlags & Readonly<Record<string, unknown>>,
): Promise<ExitCode> {
  const settings = await effectiveSettings(context.environment, flags);
  const wanted = namedModels(names, settings, context);
  if (wanted.some(({ choice }) => choice.kind === "none")) context.stderr.write(`${demoNote}\n`);
  const { serve } = await import("@wick/server/node");
  const load = { maxSequences: flags.maxSequences, maxQueue: flags.maxQueue };
  const loads = wanted.map(async ({ name, choice }): Promise<readonly [string, Model]> => {
    const { model } = await openModel(choice, settings, context, undefined, load);
    return [name, model];
  });
  // Listens while they load, so that whoever waits for it can ask how far it is.
  const models = Object.fromEntries(wanted.map(({ name }, index) => [name, modelOf(loads[index])]));
  const server = await serve(serveOptions(context, flags, models)).catch(async (error: unknown) => {
    context.interruption.end("output");
    await closeAll(loads);
    context.interruption.settle();
    throw error;
  });
  try {
    context.stderr.write(`${server.url} is loading ${wanted.map(({ name }) => name).join(", ")}\n`);
    await Promise.all(loads);
    context.stderr.write(`${server.url} is ready${flags.playground ? ", with a page at /" : ""}. Ctrl-C ends it.\n`);
    await aborted(context.interruption.signal);
  } finally {
    await server.close();
    await closeAll(loads);
  }
  // A server is ended from outside: that is no failure.
  context.interruption.settle();
  return exitCodes.ok;
}

function namedModels(names: readonly string[], settings: EffectiveSettings, context: CommandContext): Named[] {
  if (names.length === 0) {
    const choice = modelChoice(settings, context.environment);
    return [{ name: nameOf(choice), choice }];
  }
  const named = names.map((text) => {
    const [, given, source = text] = /^([\w.-]+)=(.+)$/.exec(text) ?? [];
    const choice = localChoice(source, settings, context.environment);
    return { name: given ?? nameOf(choice), choice };
  });
  const twice = named.find(({ name }, index) => named.findIndex((other) => other.name === name) !== index);
  if (twice !== undefined) {
    throw new UsageError(`Two models are called "${twice.name}". Call one otherwise: other=${twice.name}.`);
  }
  return named;
}

/** What requests call it: the file without its folder and ending, or the name of the hub as it is. */
function nameOf(choice: ModelChoice): string {
  switch (choice.kind) {
    case "none":
    case "demo":
      return "demo";
    case "hosted":
      return choice.options.model;
    case "local": {
      if (!/\.gguf$|^[.~\\/]|^[A-Za-z]:[\\/]/.test(choice.name)) return choice.name;
      return (choice.name.split(/[\\/]/).findLast((part) => part !== "") ?? choice.name).replace(/\.gguf$/, "");
    }
  }
}

function serveOptions(context: CommandContext, flags: ServeFlags, models: ServeOptions["models"]): ServeOptions {
  const { cwd } = context.environment;
  return {
    models,
    host: flags.host,
    port: flags.port,
    apiKeyFile: flags.apiKeyFile === undefined ? undefined : resolve(cwd, flags.apiKeyFile),
    insecure: flags.insecure,
    allowedHosts: flags.allowHost,
    allowedOrigins: flags.allowOrigin,
    metrics: flags.metrics,
    strict: flags.strict,
    playground: flags.playground,
    limits: flags.requestsPerMinute === undefined ? undefined : { requestsPerMinute: flags.requestsPerMinute },
    log: flags.log === "off" ? false : requestLog(context.stderr, flags.log),
  };
}

async function modelOf(load: Promise<readonly [string, Model]> | undefined): Promise<Model> {
  if (load === undefined) throw new Error("A model has no load.");
  return (await load)[1];
}

async function closeAll(loads: readonly Promise<readonly [string, Model]>[]): Promise<void> {
  for (const load of await Promise.allSettled(loads)) {
    if (load.status === "fulfilled") await load.value[1].close();
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((done) => {
    signal.addEventListener("abort", () => done(), { once: true });
  });
}
