import { UsageError } from "../failure.js";

/**
 * Flags with the model that a command was given as its argument.
 *
 * @throws {@link UsageError} where a flag names another.
 */
export function modelArgument(
  argument: string | undefined,
  flags: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  if (argument === undefined) return flags;
  const { model = argument } = flags;
  if (model !== argument) throw new UsageError(`Both "${argument}" and --model ${String(model)} name a model.`);
  return { ...flags, model: argument };
}
