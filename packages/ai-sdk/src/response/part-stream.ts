import type { ModelInfo } from "wick";
import { type Answer, isFailure } from "../prepared-call.js";
import { type Run, failureOf } from "../run.js";
import type { WickStreamPart } from "../sdk-types.js";
import { PartWriter } from "./part-writer.js";

/**
 * The parts of a run. Nothing is taken from the model before somebody reads, and cancelling it frees the model's sequence.
 *
 * A run that fails ends with an `error` part and a `finish`, so that what was said stays. One that its signal ended errors with the
 * signal's reason, as a fetch does.
 *
 * @param isRaw - Whether Wick's own responses go along.
 */
export function partStream(
  run: Run,
  { backend, isRaw }: { backend: ModelInfo["backend"]; isRaw: boolean },
): ReadableStream<WickStreamPart> {
  const { reader, signal, warnings, first } = run;
  const writer = new PartWriter(backend);
  let next: Answer | undefined = first;

  async function take(controller: ReadableStreamDefaultController<WickStreamPart>): Promise<boolean> {
    const { value: answer = undefined } = next === undefined ? await reader.next() : { value: next };
    next = undefined;
    if (answer === undefined) {
      controller.close();
      return true;
    }
    if (answer.kind === "cancelled" && answer.reason === "signal" && signal !== undefined) {
      controller.error(signal.reason);
      return true;
    }
    const parts = isFailure(answer) ? writer.failed(answer, await failureOf(answer, run)) : writer.parts(answer);
    const raw: WickStreamPart[] = isRaw ? [{ type: "raw", rawValue: answer }] : [];
    for (const part of [...raw, ...parts]) controller.enqueue(part);
    const isLast = parts.at(-1)?.type === "finish";
    if (isLast) controller.close();
    return isLast || raw.length + parts.length > 0;
  }

  return new ReadableStream<WickStreamPart>(
    {
      start: (controller) => controller.enqueue({ type: "stream-start", warnings }),
      pull: async (controller) => {
        while (!(await take(controller)));
      },
      cancel: async () => {
        await reader.return?.();
      },
    },
    { highWaterMark: 0 },
  );
}
