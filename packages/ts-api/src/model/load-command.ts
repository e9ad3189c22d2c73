import type { Backend } from "../backend.js";
import { isSignal } from "../request/call-options.js";
import type { LogLevel } from "../generated/protocol.js";
import type { LoadOptions, ModelSource } from "./load-options.js";
import { invalidRequest, unsupported } from "../error/refusal.js";
import { requestJson } from "../request/request-json.js";
import { sourceCommand } from "./source.js";
import { WickError } from "../error/wick-error.js";

/** Each option of a load, and who honours it: `engine` is sent, `here` stays in JavaScript, `later` is refused. */
const options: Readonly<Record<keyof LoadOptions, "engine" | "here" | "later">> = {
  isq: "engine",
  dtype: "engine",
  backend: "engine",
  device: "engine",
  threads: "engine",
  contextLength: "engine",
  maxMemoryBytes: "engine",
  chatTemplate: "engine",
  onProgress: "here",
  onLog: "here",
  logLevel: "here",
  signal: "here",
  maxSequences: "engine",
  maxQueue: "engine",
  prefillChunk: "engine",
  readAhead: "engine",
  kvCache: "engine",
  kvMemoryBytes: "engine",
  speculation: "later",
  hub: "later",
  worker: "later",
  workerUrl: "later",
  wasmUrl: "later",
  browserCache: "later",
};

const logLevels: readonly LogLevel[] = ["debug", "info", "warn", "error"];

/** A command `load` or `estimate`, and the byte buffers that travel beside it. */
export interface LoadCommand {
  command: string;
  buffers: Uint8Array[];
  /** Where the source is a path. */
  path: string | undefined;
}

/**
 * Checks and writes the command.
 *
 * @throws {@link WickError} with the option's path, or `source`.
 */
export function loadCommand(
  kind: "load" | "estimate",
  source: ModelSource,
  given: LoadOptions,
  backend: Pick<Backend, "resolvePath">,
): LoadCommand {
  if (typeof given !== "object" || given === null) throw invalidRequest("options", "The options must be an object.");
  const sent: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined) continue;
    const honoured = isOption(name) ? options[name] : undefined;
    const where = `options.${name}`;
    if (honoured === undefined) throw invalidRequest(where, `${where} is no option of a load; check its spelling.`);
    if (value === null) throw invalidRequest(where, `${where} is null; leave it out to not set it.`);
    if (honoured === "later") throw unsupported(where, `${where} is not supported by this version; leave it out.`);
    if (honoured === "engine") sent[name] = value;
  }
  if (given.onProgress !== undefined && typeof given.onProgress !== "function") {
    throw invalidRequest("options.onProgress", "options.onProgress must be a function.");
  }
  if (given.onLog !== undefined && typeof given.onLog !== "function") {
    throw invalidRequest("options.onLog", "options.onLog must be a function.");
  }
  const { logLevel = "info" } = given;
  if (!logLevels.includes(logLevel)) {
    throw invalidRequest("options.logLevel", `options.logLevel must be one of ${logLevels.join(", ")}.`);
  }
  if (given.signal !== undefined && !isSignal(given.signal)) {
    throw invalidRequest("options.signal", "options.signal is no AbortSignal; pass controller.signal.");
  }
  const { json, buffers, path } = sourceCommand(source, backend);
  // Without a reader the engine records nothing.
  const log = kind === "load" && given.onLog !== undefined ? `,"log":"${logLevel}"` : "";
  const command = `{"kind":"${kind}","source":${json},"options":${requestJson(sent, "options")}${log}}`;
  return { command, buffers, path };
}

/** The engine's paths begin inside the options; a program's begin at them. */
export function errorOfLoad(error: unknown): unknown {
  if (!WickError.isInstance(error)) return error;
  const { where } = error.info;
  const isOfOptions = error.code === "invalid_request" || error.code === "unsupported";
  if (!isOfOptions || where === undefined || !isOption(where)) return error;
  return new WickError({ ...error.info, where: `options.${where}` }, { cause: error });
}

function isOption(name: string): name is keyof LoadOptions {
  return Object.hasOwn(options, name);
}
