/** What an instance asks of the JavaScript around it. */
export interface WasmHost {
  /** Milliseconds since some moment; never goes back. */
  now(): number;
  /** Milliseconds since 1970. */
  unixMs(): number;
  /** A whole number of 53 random bits. */
  random(): number;
  /** What a panic says, just before its trap. */
  panicked(message: string): void;
}

/**
 * What the beginning of a file tells of its length: that its header goes on, to byte `atLeast` or further; how long the whole
 * file is, which may end a little earlier, without its last padding; or why it is no model (`ErrorInfo`).
 */
export type FileBytes =
  | { readonly kind: "more"; readonly atLeast: number }
  | { readonly kind: "known"; readonly bytes: number }
  | { readonly kind: "failed"; readonly error: object };

/** The engine of an instance (`crates/wasm`). A call from within a call throws and touches nothing; a trap ends the instance. */
export interface WasmCore {
  /** Bytes that the memory may have in all, as the constructor was told. */
  memoryLimit(): number;
  /** Bytes that there must be for so many more. */
  memoryNeeded(bytes: number): number;
  /** None where `memoryNeeded(bytes)` is over `memoryLimit()`, or what is free lies in pieces. */
  allocate(bytes: number): number | undefined;
  address(buffer: number): number | undefined;
  /** Ends a buffer after so many bytes. */
  truncate(buffer: number, bytes: number): void;
  /** Takes a buffer with the beginning of a GGUF file; JSON of {@link FileBytes}. */
  fileBytes(buffer: number): string;
  deallocate(buffer: number): void;
  /** None where there is no memory to read the command. The command itself has to fit: `memoryNeeded(4 * command.length)`. */
  submit(command: string, buffers: Uint32Array): number | undefined;
  /** Why there was no ticket, once: JSON of an `ErrorInfo`. */
  refusal(): string | undefined;
  take(ticket: number): string | undefined;
  takeVector(ticket: number): Float32Array | undefined;
  cancel(ticket: number, reason: string): void;
  release(ticket: number): void;
  woken(): Uint32Array;
  rang(): boolean;
  step(): boolean;
  dueInMs(): number | undefined;
  isUnused(): boolean;
  schemaHash(): string;
}

/** A module with memory of its own. */
export interface WasmInstance {
  /**
   * `memoryLimit`: bytes that the memory may have in all, a whole number from what it has now to 4 GiB − 64 KiB.
   *
   * @throws For any other number.
   */
  readonly Engine: new (testFaults: boolean, memoryLimit: number) => WasmCore;
  readonly memory: WebAssembly.Memory;
}

/** Makes an instance of either module; any number of them live side by side. */
export function instantiate(module: WebAssembly.Module, host: WasmHost): Promise<WasmInstance>;
