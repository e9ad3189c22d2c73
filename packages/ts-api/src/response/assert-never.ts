import { WickError } from "../error/wick-error.js";

/**
 * Closes an exhaustive `switch`: a kind without an arm fails `tsc` here.
 *
 * @param response - What no arm has taken; `never` when every kind has one.
 * @throws {@link WickError} `unsupported` at run time, where an untyped caller gets here. It names the kind, never the content.
 *
 * @example
 * ```ts
 * switch (response.kind) {
 *   // an arm for each kind …
 *   default: assertNever(response);
 * }
 * ```
 */
export function assertNever(response: never): never {
  throw new WickError({
    code: "unsupported",
    message: `Nothing here handles ${nameOf(response)}. Give its kind an arm in the switch.`,
    retryable: false,
  });
}

function nameOf(value: unknown): string {
  const isKinded = typeof value === "object" && value !== null && "kind" in value && typeof value.kind === "string";
  return isKinded ? `a response of kind "${value.kind}"` : `a value of type ${typeof value}`;
}
