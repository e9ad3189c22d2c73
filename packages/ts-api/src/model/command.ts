import type { ErrorInfo } from "../generated/protocol.js";
import type { LoadProgress } from "./load-options.js";
import type { Mailboxes } from "./mailboxes.js";
import type { ModelInfo } from "./model-info.js";
import { onAbort } from "../stream/on-abort.js";
import { cancelledBy, errorOfCancel } from "../error/terminal-error.js";
import { WickError } from "../error/wick-error.js";

/** What the engine says about a command that is not a generation. */
type CommandEvent =
  | { kind: "progress"; progress: LoadProgress }
  | { kind: "loaded"; model: number; info: Omit<ModelInfo, "backend">; log?: number }
  | { kind: "result"; value: unknown }
  | { kind: "failed"; error: ErrorInfo };

/** How a command came to a good end. */
export type CommandAnswer = Extract<CommandEvent, { kind: "loaded" | "result" }> & { vector?: Float32Array };

/** What may go along with a command. */
export interface CommandOptions {
  buffers?: (Uint8Array | number)[] | undefined;
  signal?: AbortSignal | undefined;
  timeoutMs?: number | undefined;
  onProgress?: ((progress: LoadProgress) => void) | undefined;
}

/**
 * Runs a command to its end.
 *
 * @throws {@link WickError} as the engine says, with the signal's reason as its cause when that ended it; or what `onProgress`
 * threw, after ending the command.
 */
export function runCommand(
  mailboxes: Mailboxes,
  command: string,
  options: CommandOptions = {},
): Promise<CommandAnswer> {
  const { buffers, signal, timeoutMs, onProgress } = options;
  if (signal?.aborted === true) return Promise.reject(cancelledBy(signal));
  return new Promise((resolve, reject) => {
    const ticket = mailboxes.submit(command, buffers);
    let isTimedOut = false;
    const unhook = signal && onAbort(signal, () => mailboxes.cancel(ticket, "signal"));
    const timer =
      timeoutMs === undefined
        ? undefined
        : setTimeout(() => {
            isTimedOut = true;
            mailboxes.cancel(ticket, "timeout");
          }, timeoutMs);
    const settle = (act: () => void) => {
      unhook?.();
      clearTimeout(timer);
      act();
    };
    const errorOf = (info: ErrorInfo) => {
      if (info.code !== "cancelled") return new WickError(info);
      if (isTimedOut) return new WickError(errorOfCancel("timeout"));
      return signal?.aborted === true ? cancelledBy(signal) : new WickError(info);
    };
    const pump = () => {
      try {
        for (;;) {
          const json = mailboxes.take(ticket);
          if (json === null) return mailboxes.whenReady(ticket, pump);
          // Written by the engine, whose schema hash was compared.
          const event = JSON.parse(json) as CommandEvent;
          switch (event.kind) {
            case "progress":
              onProgress?.(event.progress);
              break;
            case "loaded":
              return settle(() => resolve(event));
            case "result": {
              const vector = mailboxes.takeVector(ticket);
              return settle(() => resolve(vector === null ? event : { ...event, vector }));
            }
            case "failed":
              return settle(() => reject(errorOf(event.error)));
          }
        }
      } catch (error) {
        mailboxes.release(ticket);
        settle(() => reject(error));
      }
    };
    pump();
  });
}
