/** `Symbol.asyncDispose`, also where the runtime is older than the symbol; transpilers look for it under the same key. */
export const asyncDispose: typeof Symbol.asyncDispose =
  Symbol.asyncDispose ?? (Symbol.for("Symbol.asyncDispose") as typeof Symbol.asyncDispose);
