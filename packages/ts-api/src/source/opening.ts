import { onAbort } from "../stream/on-abort.js";
import type { ModelFile, OpenFile, Reading } from "./model-file.js";

/** A file that is being opened. */
export interface OpeningFile {
  readonly name: string;
  readonly bytes: Uint8Array | undefined;
  readonly open: Promise<OpenFile>;
}

/** The files of a load, opened while its engine is, so that a download and a compilation do not wait for each other. */
export class Opening {
  readonly files: readonly OpeningFile[];
  readonly #end = new AbortController();
  readonly #unhook: (() => void) | undefined;

  constructor(files: readonly ModelFile[], { signal, ...reading }: Reading) {
    this.#unhook = signal && onAbort(signal, () => this.#end.abort(signal.reason));
    this.files = files.map((file) => {
      const open = file.open({ ...reading, signal: this.#end.signal });
      // Told to who reads it, if anyone still does.
      open.catch(() => {});
      return { name: file.name, bytes: file.bytes, open };
    });
  }

  /** The load is over: what was not read is given up. */
  end(): void {
    this.#unhook?.();
    this.#end.abort();
  }
}
