import type { Backend } from "../backend.js";
import { connect } from "../remote/connect.js";
import { runCommand } from "./command.js";
import { hubCalls } from "./hub-calls.js";
import type { LoadOptions, MemoryEstimate, ModelSource } from "./load-options.js";
import { checkLoad, errorOfDraft, errorOfLoad, loadCommand } from "./load-command.js";
import { LocalModel } from "./local-model.js";
import { Mailboxes } from "./mailboxes.js";
import type { Model } from "./model.js";
import type { ModelLoader } from "./model-loader.js";
import { ModelLog } from "./model-log.js";
import { checkSignal } from "../error/terminal-error.js";
import { Opening } from "../source/opening.js";
import { placed } from "../source/placing.js";
import type { HubName } from "../hub/hub-name.js";
import type { NamedSource, Source } from "../source/source.js";
import { WickError } from "../error/wick-error.js";

/** The `Model` of an entry, over its backend. Nothing is opened before the first load. */
export function createModel(backend: Backend): ModelLoader {
  let opening: Promise<Mailboxes> | undefined;

  function open(options: LoadOptions): Promise<Mailboxes> {
    if (backend.isolatesModels === true) return openMailboxes(backend, options);
    // A failure is not kept: what was missing may be there at the next load.
    opening ??= openMailboxes(backend, options).catch((error) => {
      opening = undefined;
      throw error;
    });
    return opening;
  }

  async function submit(kind: "load" | "estimate", given: ModelSource, options: LoadOptions) {
    const checked = checkLoad(given, options, backend);
    const { signal, onProgress } = options;
    checkSignal(signal);
    const opened = async (named: NamedSource): Promise<Source> => {
      const source = named.kind === "hub" ? await fetched(backend, named.name, options) : named;
      if (source.kind !== "path") return source;
      const { id } = source;
      return { ...((await backend.filesOf?.(source.path, options)) ?? source), ...(id !== undefined && { id }) };
    };
    const target = await opened(checked.target);
    const draft =
      checked.draft &&
      (await opened(checked.draft).catch((error: unknown) => {
        throw errorOfDraft(error);
      }));
    const command = loadCommand(kind, { target, draft }, options);
    const files = [target, draft].flatMap((source) => (source?.kind === "files" ? source.files : []));
    const warnings: string[] = [];
    const warn = (message: string) => void warnings.push(message);
    const sources = new Opening(files, { signal, onProgress, warn });
    const mailboxes = await open(options).catch((error) => {
      sources.end();
      throw error;
    });
    try {
      checkSignal(signal);
      const buffers = await placed(sources.files, mailboxes.memory);
      const answer = await runCommand(mailboxes, command, { buffers, signal, onProgress });
      if (kind === "estimate" && backend.isolatesModels === true) mailboxes.dispose();
      return { mailboxes, answer, warnings };
    } catch (error) {
      if (backend.isolatesModels === true) mailboxes.dispose();
      throw errorOfLoad(error);
    } finally {
      sources.end();
    }
  }

  return {
    async load(source: ModelSource, options: LoadOptions = {}): Promise<Model> {
      const { mailboxes, answer, warnings } = await submit("load", source, options);
      if (answer.kind !== "loaded") throw noAnswer("load");
      const { onLog } = options;
      const log =
        onLog === undefined || answer.log === undefined ? undefined : new ModelLog(mailboxes, answer.log, onLog);
      log?.tell();
      const { info } = answer;
      // The array itself, since a download is kept beside the load, and may fail after it.
      warnings.unshift(...info.warnings);
      const whole = { ...info, backend: backend.kind, warnings };
      return new LocalModel(mailboxes, answer.model, whole, { log, onCall: options.onCall });
    },
    async estimate(source: ModelSource, options: LoadOptions = {}): Promise<MemoryEstimate> {
      const { answer } = await submit("estimate", source, options);
      if (answer.kind !== "result") throw noAnswer("estimate");
      return answer.value as MemoryEstimate;
    },
    ...hubCalls(backend),
    connect,
  };
}

async function fetched(backend: Backend, name: HubName, options: LoadOptions): Promise<Source> {
  // Where there is none, the name was refused before.
  if (backend.hub === undefined) throw noAnswer("load");
  return backend.hub(name, options);
}

async function openMailboxes(backend: Backend, options: LoadOptions): Promise<Mailboxes> {
  // The doorbell is handed over before there is anyone to ring for.
  const doorbell = { ring: () => {} };
  const engine = await backend.open(() => doorbell.ring(), options);
  const mailboxes = new Mailboxes(engine, (waiting) => backend.keepAlive(waiting));
  doorbell.ring = () => mailboxes.ring();
  return mailboxes;
}

function noAnswer(kind: string): WickError {
  return new WickError({
    code: "internal",
    message: `The engine did not answer "${kind}". Please report this.`,
    retryable: false,
  });
}
