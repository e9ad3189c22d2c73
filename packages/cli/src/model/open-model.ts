import type { LoadOptions, Model, ModelSource } from "wick";
import type { CommandContext } from "../command-context.js";
import { Failure } from "../failure.js";
import { printable } from "../output/printable.js";
import type { EffectiveSettings } from "../settings/effective-settings.js";
import { ProgressLine } from "./load-progress.js";
import type { ModelChoice } from "./model-choice.js";
import { loadOptions } from "./request-settings.js";

/** A model that can be asked, and what the user calls it. */
export interface OpenedModel {
  model: Model;
  name: string;
}

/** What is told where nobody named a model. */
export const demoNote =
  "No model is configured, so that this is the demo model, a toy. Name another: wick chat <model>, or WICK_MODEL; wick config says where else.";

/**
 * Opens the model that was chosen; the demo model, where none was. What is not as it could be with it is told.
 *
 * @throws {@link Failure}, or what the load throws.
 */
export async function openModel(
  choice: ModelChoice,
  settings: EffectiveSettings,
  context: CommandContext,
  signal: AbortSignal = context.interruption.signal,
  more: LoadOptions = {},
): Promise<OpenedModel> {
  const opened = await openChosen(choice, { settings, context, signal, more });
  for (const warning of opened.model.info.warnings) context.stderr.write(`${opened.name}: ${printable(warning)}\n`);
  return opened;
}

async function openChosen(choice: ModelChoice, loading: Loading): Promise<OpenedModel> {
  switch (choice.kind) {
    case "hosted": {
      const { Model } = await import("wick/remote");
      return { model: Model.connect(choice.options), name: choice.options.model };
    }
    case "none":
    case "demo": {
      const { demoModel } = await import("@wick/demo-model");
      return { model: await load(demoModel(), loading), name: "demo" };
    }
    case "local":
      try {
        return { model: await load(choice.source, loading), name: choice.name };
      } catch (error) {
        throw withAdvice(error, choice.name);
      }
  }
}

interface Loading {
  settings: EffectiveSettings;
  context: CommandContext;
  signal: AbortSignal;
  /** Over what the settings say. */
  more: LoadOptions;
}

async function load(source: ModelSource, { settings, context, signal, more }: Loading): Promise<Model> {
  const options = await loadOptions(settings, context.environment);
  const { Model } = await import("wick");
  const line = new ProgressLine(context.stderr);
  try {
    return await Model.load(source, { ...options, ...more, signal, onProgress: (progress) => line.show(progress) });
  } finally {
    line.clear();
  }
}

/** A name that is no file may have been meant as another kind of name. */
function withAdvice(error: unknown, name: string): unknown {
  const isMissing = error instanceof Error && "code" in error && error.code === "not_found";
  if (!isMissing || /[\\/]|\.gguf$/.test(name)) return error;
  const message = `There is no file or folder "${name}". A model of the hub is named "owner/name", wick list shows those that are downloaded, and "demo" is always there.`;
  return new Failure(message, { cause: error });
}
