/**
 * What a stream of language model parts keeps to, by the name of what breaks it.
 *
 * | rule | what breaks it |
 * | --- | --- |
 * | `part_malformed` | a part without a type, or without a field that its kind must have |
 * | `stream_start_missing` | the first part is not `stream-start` |
 * | `stream_start_repeated` | a second `stream-start` |
 * | `id_reused` | a block begins under the id of an earlier one of its kind |
 * | `delta_before_start` | a delta of a block that did not begin |
 * | `delta_after_end` | a delta of a block that has ended |
 * | `end_before_start` | the end of a block that did not begin |
 * | `end_repeated` | the end of a block that has ended |
 * | `block_left_open` | a `finish` while a block is open |
 * | `tool_call_before_input_end` | a `tool-call` while its input is still written |
 * | `tool_call_input_differs` | a `tool-call` whose input is not what its deltas make up |
 * | `tool_call_name_differs` | a `tool-call` under another name than its input |
 * | `tool_call_repeated` | a second `tool-call` of the same id |
 * | `tool_input_without_call` | a `finish` as if all were well, and the call of an input did not come |
 * | `approval_without_call` | a `tool-approval-request` for a call that did not come |
 * | `finish_missing` | the stream ends, and its last part is neither `finish` nor `error` |
 * | `finish_repeated` | a second `finish` |
 * | `part_after_finish` | any other part behind `finish` |
 *
 * @example
 * ```ts
 * const counts = new Map<StreamOrderRule, number>();
 * ```
 */
export type StreamOrderRule =
  | "part_malformed"
  | "stream_start_missing"
  | "stream_start_repeated"
  | "id_reused"
  | "delta_before_start"
  | "delta_after_end"
  | "end_before_start"
  | "end_repeated"
  | "block_left_open"
  | "tool_call_before_input_end"
  | "tool_call_input_differs"
  | "tool_call_name_differs"
  | "tool_call_repeated"
  | "tool_input_without_call"
  | "approval_without_call"
  | "finish_missing"
  | "finish_repeated"
  | "part_after_finish";

/**
 * Where a stream first breaks a rule.
 *
 * @example
 * ```ts
 * const line = ({ index, rule, message }: StreamOrderViolation) => `part ${index}: ${message} (${rule})`;
 * ```
 */
export interface StreamOrderViolation {
  /** Which rule. */
  readonly rule: StreamOrderRule;
  /** Which part, from 0; of a stream that ends too early, how many there were. */
  readonly index: number;
  /** The part's type; absent where the stream ended, or the part has none. */
  readonly partType?: string;
  /** The block or the call that it is about. */
  readonly id?: string;
  /** The rule in words. It has no text of the answer. */
  readonly message: string;
}

/**
 * What a checked stream ends with where nobody listens to its violation.
 *
 * @example
 * ```ts
 * if (error instanceof StreamOrderError) console.error(error.violation.rule);
 * ```
 */
export class StreamOrderError extends Error {
  override readonly name = "StreamOrderError";
  /** What was broken, and where. */
  readonly violation: StreamOrderViolation;

  /** @param violation - What was broken. */
  constructor(violation: StreamOrderViolation) {
    const { index, message, rule } = violation;
    super(`Part ${index} of the stream: ${message} (${rule})`);
    this.violation = violation;
  }
}
