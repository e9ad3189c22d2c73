import type { FileBytes, WasmCore } from "@wick/wasm";
import type { EngineMemory } from "../backend.js";
import type { ErrorInfo } from "../generated/protocol.js";
import { WickError } from "../error/wick-error.js";

/** Calls the module; a trap ends the instance. */
type Call = <T>(act: (core: WasmCore) => T) => T;

/** The linear memory of an instance: models' bytes are written to where the engine reads them. */
export class WasmMemory implements EngineMemory {
  readonly #call: Call;
  readonly #memory: WebAssembly.Memory;

  constructor(call: Call, memory: WebAssembly.Memory) {
    this.#call = call;
    this.#memory = memory;
  }

  fileBytes(prefix: Uint8Array): number | undefined {
    const buffer = this.place(prefix);
    const told: FileBytes = JSON.parse(this.#call((core) => core.fileBytes(buffer)));
    switch (told.kind) {
      case "more":
        return undefined;
      case "known":
        return told.bytes;
      case "failed":
        throw new WickError(told.error as ErrorInfo);
    }
  }

  allocate(bytes: number): number {
    return this.#call((core) => core.allocate(bytes)) ?? this.#refuse(bytes);
  }

  /**
   * @throws {@link WickError} `out_of_memory` where there is no room for so many bytes more.
   */
  checkRoom(bytes: number): void {
    if (this.#call((core) => core.memoryNeeded(bytes) > core.memoryLimit())) this.#refuse(bytes);
  }

  #refuse(bytes: number): never {
    const [needed, limit] = this.#call((core) => [core.memoryNeeded(bytes), core.memoryLimit()] as const);
    const message =
      `${bytes} more bytes need ${needed} in all, and this host's WebAssembly may have ${limit}; ` +
      "choose a smaller model, or one of fewer bits.";
    throw new WickError({ code: "out_of_memory", message, retryable: false, details: { needed, limit } });
  }

  write(buffer: number, offset: number, chunk: Uint8Array): void {
    const address = this.#call((core) => core.address(buffer)) ?? 0;
    // Made anew for each use: when the memory grows, the old one is detached.
    new Uint8Array(this.#memory.buffer, address + offset, chunk.byteLength).set(chunk);
  }

  truncate(buffer: number, bytes: number): void {
    this.#call((core) => core.truncate(buffer, bytes));
  }

  /** A buffer of its own for `bytes`. */
  place(bytes: Uint8Array): number {
    const buffer = this.allocate(bytes.byteLength);
    this.write(buffer, 0, bytes);
    return buffer;
  }
}
