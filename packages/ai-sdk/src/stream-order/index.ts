/**
 * A check of what language models of the Vercel AI SDK stream, for those who write providers and middleware.
 *
 * @module
 */
export { type StreamOrderOptions, checkStreamOrder } from "./check-stream-order.js";
export { StreamOrderError, type StreamOrderRule, type StreamOrderViolation } from "./violation.js";
