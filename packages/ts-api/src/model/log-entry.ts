import type { LogEvent, LogHead } from "../generated/protocol.js";

/**
 * One thing that happened to a model: when, how much it matters, in plain words, and as an event with its figures. `event` tells
 * the kinds apart. Entries have names, numbers and codes, never text of a prompt or an answer; what is in them out of files is
 * escaped to one line.
 *
 * @example
 * ```ts
 * function onLog(entry: LogEntry) {
 *   switch (entry.event) {
 *     case "engine_failed":
 *       return restart(entry.errorCode);
 *     case "queue_full":
 *       return refused.add(1);
 *     default:
 *       logger[entry.level](entry, entry.message); // minor versions add events
 *   }
 * }
 * ```
 */
export type LogEntry = LogHead & LogEvent;
