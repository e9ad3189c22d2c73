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

/** The engine of an instance (`crates/wasm`). A call from within a call throws and touches nothing; a trap ends the instance. */
export interface WasmCore {
  allocate(bytes: number): number | undefined;
  address(buffer: number): number | undefined;
  deallocate(buffer: number): void;
  submit(command: string, buffers: Uint32Array): number;
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
  readonly Engine: new (testFaults: boolean) => WasmCore;
  readonly memory: WebAssembly.Memory;
}

/** Makes an instance of either module; any number of them live side by side. */
export function instantiate(module: WebAssembly.Module, host: WasmHost): Promise<WasmInstance>;
