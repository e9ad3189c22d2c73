import type { Backend } from "../backend.js";
import { runCommand } from "./command.js";
import type { LoadOptions, MemoryEstimate, ModelSource } from "./load-options.js";
import { errorOfLoad, loadCommand } from "./load-command.js";
import { LocalModel } from "./local-model.js";
import { Mailboxes } from "./mailboxes.js";
import type { Model } from "./model.js";
import type { ModelLoader } from "./model-loader.js";
import { ModelLog } from "./model-log.js";
import { unsupported } from "../error/refusal.js";
import { errorOfCancel } from "../error/terminal-error.js";
import { WickError } from "../error/wick-error.js";

/** The `Model` of an entry, over its backend. Nothing is opened before the first load. */
export function createModel(backend: Backend): ModelLoader {
  let opening: Promise<Mailboxes> | undefined;

  function open(): Promise<Mailboxes> {
    if (backend.isolatesModels === true) return openMailboxes(backend);
    // A failure is not kept: what was missing may be there at the next load.
    opening ??= openMailboxes(backend).catch((error) => {
      opening = undefined;
      throw error;
    });
    return opening;
  }

  async function submit(kind: "load" | "estimate", source: ModelSource, options: LoadOptions) {
    let load = loadCommand(kind, source, options, backend);
    const { signal, onProgress } = options;
    const checkSignal = () => {
      if (signal?.aborted === true) throw new WickError(errorOfCancel("signal"), { cause: signal.reason });
    };
    checkSignal();
    if (load.path !== undefined && backend.readSource !== undefined) {
      load = loadCommand(kind, await backend.readSource(load.path), options, backend);
      checkSignal();
    }
    const { command, buffers } = load;
    const mailboxes = await open();
    try {
      const answer = await runCommand(mailboxes, command, { buffers, signal, onProgress });
      if (kind === "estimate" && backend.isolatesModels === true) mailboxes.dispose();
      return { mailboxes, answer };
    } catch (error) {
      if (backend.isolatesModels === true) mailboxes.dispose();
      throw errorOfLoad(error);
    }
  }

  return {
    async load(source: ModelSource, options: LoadOptions = {}): Promise<Model> {
      const { mailboxes, answer } = await submit("load", source, options);
      if (answer.kind !== "loaded") throw noAnswer("load");
      const { onLog } = options;
      const log =
        onLog === undefined || answer.log === undefined ? undefined : new ModelLog(mailboxes, answer.log, onLog);
      log?.tell();
      return new LocalModel(mailboxes, answer.model, { ...answer.info, backend: backend.kind }, log);
    },
    async estimate(source: ModelSource, options: LoadOptions = {}): Promise<MemoryEstimate> {
      const { answer } = await submit("estimate", source, options);
      if (answer.kind !== "result") throw noAnswer("estimate");
      return answer.value as MemoryEstimate;
    },
    async list() {
      throw unsupported("list", "This version has no hub cache to list.");
    },
    connect() {
      throw unsupported("provider", "This version does not connect to hosted models; load a model with Model.load.");
    },
  };
}

async function openMailboxes(backend: Backend): Promise<Mailboxes> {
  // The doorbell is handed over before there is anyone to ring for.
  const doorbell = { ring: () => {} };
  const engine = await backend.open(() => doorbell.ring());
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
