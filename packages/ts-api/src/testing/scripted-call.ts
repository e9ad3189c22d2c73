import type { ChatRequest, CompletionRequest, FimRequest } from "../request/request.js";

/**
 * A call that a scripted model got, as its engine saw it: plain data, fields that are `undefined` left out.
 *
 * @example
 * ```ts
 * expect(model.calls[0]?.request).toMatchObject({ temperature: 0 });
 * ```
 */
export type ScriptedCall =
  | { readonly kind: "chat"; readonly request: ChatRequest }
  | { readonly kind: "completion"; readonly request: CompletionRequest }
  | { readonly kind: "fim"; readonly request: FimRequest };
