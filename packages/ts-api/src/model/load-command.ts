import type { Backend, PlaceOption } from "../backend.js";
import type { LogLevel } from "../generated/protocol.js";
import { checkHooks, checkHubOptions } from "./hub-calls.js";
import type { LoadOptions, ModelSource } from "./load-options.js";
import { invalidRequest, unsupported } from "../error/refusal.js";
import { requestJson } from "../request/request-json.js";
import { type NamedSource, type Source, sourceJson, sourceOf } from "../source/source.js";
import { WickError } from "../error/wick-error.js";

/** Who honours each option of a load: `engine` is sent, `here` stays in JavaScript, `place` depends on the backend. */
const options: Readonly<Record<Exclude<keyof LoadOptions, PlaceOption>, "engine" | "here">> &
  Readonly<Record<PlaceOption, "place">> = {
  isq: "engine",
  dtype: "engine",
  backend: "engine",
  device: "engine",
  threads: "engine",
  contextLength: "engine",
  maxMemoryBytes: "engine",
  chatTemplate: "engine",
  toolFormat: "engine",
  onProgress: "here",
  onLog: "here",
  onCall: "here",
  logLevel: "here",
  signal: "here",
  maxSequences: "engine",
  maxQueue: "engine",
  prefillChunk: "engine",
  readAhead: "engine",
  kvCache: "engine",
  kvMemoryBytes: "engine",
  speculation: "engine",
  hub: "here",
  worker: "place",
  workerUrl: "place",
  wasmUrl: "place",
  browserCache: "place",
};

const logLevels: readonly LogLevel[] = ["debug", "info", "warn", "error"];
const browserCaches: readonly LoadOptions["browserCache"][] = ["opfs", "cache", "none"];

/** Where the models of a load come from. */
export interface LoadSources<S = NamedSource> {
  readonly target: S;
  /** Of the model that drafts. */
  readonly draft: S | undefined;
}

/**
 * Checks the options and reads what the sources are. Nothing is opened, no byte is read.
 *
 * @throws {@link WickError} with the option's path, or `source`.
 */
export function checkLoad(source: ModelSource, given: LoadOptions, backend: Backend): LoadSources {
  if (typeof given !== "object" || given === null) throw invalidRequest("options", "The options must be an object.");
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined) continue;
    const where = `options.${name}`;
    if (!isOption(name)) throw invalidRequest(where, `${where} is no option of a load; check its spelling.`);
    if (value === null) throw invalidRequest(where, `${where} is null; leave it out to not set it.`);
    const honoured = options[name];
    if (honoured === "place" && backend.placeOptions?.some((known) => known === name) !== true) {
      throw unsupported(where, `${where} is not for this backend (${backend.kind}) on this host; leave it out.`);
    }
  }
  checkHooks(given);
  checkWatchers(given);
  checkPlace(given);
  checkHub(given, backend);
  return { target: sourceOf(source, backend, given), draft: draftOf(given, backend) };
}

/** The command. Its buffers are those of the sources' files, in order, the target's first. */
export function loadCommand(
  kind: "load" | "estimate",
  { target, draft }: LoadSources<Source>,
  given: LoadOptions,
): string {
  const sent = Object.fromEntries(
    Object.entries(given).filter(
      ([name, value]) => isOption(name) && options[name] === "engine" && value !== undefined,
    ),
  );
  // Without a reader the engine records nothing.
  const log = kind === "load" && given.onLog !== undefined ? `,"log":"${given.logLevel ?? "info"}"` : "";
  const source = `"source":${sourceJson(target)}`;
  if (draft === undefined) return `{"kind":"${kind}",${source},"options":${requestJson(sent, "options")}${log}}`;
  const { draft: _, ...rest } = Object(given.speculation) as object & { draft?: unknown };
  const drafting = requestJson({ ...sent, speculation: { draft: rest } }, "options");
  const first = target.kind === "files" ? target.files.length : 0;
  return `{"kind":"${kind}",${source},"draft":${sourceJson(draft, first)},"options":${drafting}${log}}`;
}

function checkWatchers({ onLog, onCall, logLevel = "info" }: LoadOptions): void {
  if (onCall !== undefined && typeof onCall !== "function") {
    throw invalidRequest("options.onCall", "options.onCall must be a function.");
  }
  if (onLog !== undefined && typeof onLog !== "function") {
    throw invalidRequest("options.onLog", "options.onLog must be a function.");
  }
  if (!logLevels.includes(logLevel)) {
    throw invalidRequest("options.logLevel", `options.logLevel must be one of ${logLevels.join(", ")}.`);
  }
}

const draftPath = "options.speculation.draft";

function draftOf(given: LoadOptions, backend: Backend): NamedSource | undefined {
  const { speculation } = given;
  if (typeof speculation !== "object" || speculation === null || !("draft" in speculation)) return undefined;
  try {
    return sourceOf(speculation.draft, backend, given);
  } catch (error) {
    throw errorOfDraft(error);
  }
}

/** A source that cannot be is named as the only one that there usually is. */
export function errorOfDraft(error: unknown): unknown {
  if (!WickError.isInstance(error) || error.code === "cancelled") return error;
  return new WickError({ ...error.info, where: draftPath }, { cause: error });
}

function checkPlace({ worker, browserCache, ...urls }: LoadOptions): void {
  if (worker !== undefined && typeof worker !== "boolean") {
    throw invalidRequest("options.worker", "options.worker must be true or false.");
  }
  if (browserCache !== undefined && !browserCaches.includes(browserCache)) {
    throw invalidRequest("options.browserCache", `options.browserCache must be one of ${browserCaches.join(", ")}.`);
  }
  for (const name of ["wasmUrl", "workerUrl"] as const) {
    const url: unknown = urls[name];
    if (url !== undefined && typeof url !== "string" && !(url instanceof URL)) {
      throw invalidRequest(`options.${name}`, `options.${name} must be a string or a URL.`);
    }
  }
  if (urls.workerUrl !== undefined && worker !== true) {
    throw invalidRequest("options.workerUrl", "options.workerUrl is for worker: true; set that too.");
  }
}

function checkHub({ hub }: LoadOptions, backend: Backend): void {
  if (hub !== undefined && backend.hub === undefined) {
    throw unsupported("options.hub", "options.hub is for hosts that keep files; this one does not.");
  }
  checkHubOptions(hub);
}

/** The engine's paths begin inside the options; a program's begin at them. */
export function errorOfLoad(error: unknown): unknown {
  if (!WickError.isInstance(error)) return error;
  const { where } = error.info;
  if (where === undefined) return error;
  // Whatever is wrong with the draft model is so at its option.
  const isOfDraft = `options.${where}` === draftPath;
  const isOfOptions = error.code === "invalid_request" || error.code === "unsupported";
  if (!isOfDraft && !(isOfOptions && isOption(where))) return error;
  return new WickError({ ...error.info, where: `options.${where}` }, { cause: error });
}

function isOption(name: string): name is keyof LoadOptions {
  return Object.hasOwn(options, name);
}
