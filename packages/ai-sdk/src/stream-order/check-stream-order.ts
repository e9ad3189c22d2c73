import { StreamOrder } from "./stream-order.js";
import { StreamOrderError, type StreamOrderViolation } from "./violation.js";

/**
 * How a stream is checked.
 *
 * @example
 * ```ts
 * const options: StreamOrderOptions = { onViolation: ({ rule, message }) => console.warn(rule, message) };
 * ```
 */
export interface StreamOrderOptions {
  /** Is told the first violation; the parts go on. Without it the stream errors with a {@link StreamOrderError}, at the part. */
  onViolation?: ((violation: StreamOrderViolation) => void) | undefined;
}

/**
 * Checks the order of a language model's stream parts, of any provider for the Vercel AI SDK (its third and fourth interface), and
 * passes them on as they are: nothing is held back, and nothing read before somebody reads. {@link StreamOrderRule} has the rules.
 *
 * A stream that errors passes its error on, and one that is cancelled is not ended: neither breaks a rule.
 *
 * @param stream - Of `doStream`.
 * @param options - Who is told.
 *
 * @example
 * ```ts
 * import { checkStreamOrder } from "@wick/ai-sdk/stream-order";
 * import { wrapLanguageModel } from "ai";
 *
 * const checked = wrapLanguageModel({
 *   model,
 *   middleware: {
 *     specificationVersion: "v4",
 *     wrapStream: async ({ doStream }) => {
 *       const { stream, ...rest } = await doStream();
 *       return { stream: checkStreamOrder(stream), ...rest };
 *     },
 *   },
 * });
 * ```
 */
export function checkStreamOrder<P extends { readonly type: string }>(
  stream: ReadableStream<P>,
  { onViolation }: StreamOrderOptions = {},
): ReadableStream<P> {
  const order = new StreamOrder();
  const reader = stream.getReader();
  const tell = (violation: StreamOrderViolation | undefined) => {
    if (violation === undefined) return;
    if (onViolation === undefined) throw new StreamOrderError(violation);
    onViolation(violation);
  };
  // No TransformStream: those read a part ahead.
  return new ReadableStream<P>(
    {
      async pull(controller) {
        const { done, value } = await reader.read();
        try {
          tell(done ? order.end() : order.add(value));
        } catch (error) {
          // Nobody reads it any more; what its source says of that is not the reader's.
          reader.cancel(error).catch(() => {});
          throw error;
        }
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}
