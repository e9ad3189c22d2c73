/**
 * The kinds that end a stream: exactly one of them comes, and nothing after it.
 *
 * @example
 * ```ts
 * const ends: Partial<Record<TerminalKind, number>> = {};
 * ```
 */
export type TerminalKind =
  | "done"
  | "completion_done"
  | "embeddings"
  | "raw"
  | "validation_error"
  | "model_error"
  | "completion_model_error"
  | "internal_error"
  | "cancelled";

const terminalKinds: Readonly<Record<TerminalKind, true>> = {
  done: true,
  completion_done: true,
  embeddings: true,
  raw: true,
  validation_error: true,
  model_error: true,
  completion_model_error: true,
  internal_error: true,
  cancelled: true,
};

/**
 * Whether a response is the last of its stream; narrows to those that can be.
 *
 * @param response - Any response.
 *
 * @example
 * ```ts
 * for await (const response of stream) if (isTerminal(response)) console.error(response.kind);
 * ```
 */
export function isTerminal<R extends { kind: string }>(response: R): response is Extract<R, { kind: TerminalKind }> {
  return Object.hasOwn(terminalKinds, response.kind);
}
