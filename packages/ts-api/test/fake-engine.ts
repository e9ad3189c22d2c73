import type { Backend, Engine, EngineMemory } from "../src/backend.js";
import { schemaHash } from "../src/generated/protocol.js";

/** A runtime whose events the test itself puts in, and a record of what it was asked. */
export class FakeEngine implements Engine {
  readonly submitted: { command: { kind: string; [field: string]: unknown }; buffers: (Uint8Array | number)[] }[] = [];
  readonly cancelled: [ticket: number, reason: string][] = [];
  readonly released: number[] = [];
  readonly #events = new Map<number, string[]>();
  readonly #woken: number[] = [];
  doorbell: () => void = () => {};
  hash = schemaHash;
  vector: Float32Array | null = null;

  readonly memory?: EngineMemory;

  constructor(memory?: EngineMemory) {
    if (memory !== undefined) this.memory = memory;
  }

  submit(command: string, buffers?: (Uint8Array | number)[] | null): number {
    this.submitted.push({ command: JSON.parse(command), buffers: buffers ?? [] });
    return this.submitted.length;
  }

  /** Puts an event in and rings. */
  put(ticket: number, event: object): void {
    this.#events.set(ticket, [...(this.#events.get(ticket) ?? []), JSON.stringify(event)]);
    this.#woken.push(ticket);
    this.doorbell();
  }

  take(ticket: number): string | null {
    return this.#events.get(ticket)?.shift() ?? null;
  }

  takeVector(): Float32Array | null {
    return this.vector;
  }

  cancel(ticket: number, reason: string): void {
    this.cancelled.push([ticket, reason]);
  }

  release(ticket: number): void {
    this.released.push(ticket);
  }

  woken(): Uint32Array {
    return Uint32Array.from(this.#woken.splice(0));
  }

  schemaHash(): string {
    return this.hash;
  }
}

/** A memory of arrays. A "GGUF file" begins with its size, as a number of 32 bits at byte 100,000. */
export class FakeMemory implements EngineMemory {
  readonly buffers: Uint8Array[] = [];
  asked = 0;

  fileBytes(prefix: Uint8Array): number | undefined {
    this.asked += 1;
    return prefix.byteLength < 100_004 ? undefined : new DataView(prefix.buffer).getUint32(100_000, true);
  }

  allocate(bytes: number): number {
    return this.buffers.push(new Uint8Array(bytes)) - 1;
  }

  write(buffer: number, offset: number, chunk: Uint8Array): void {
    this.buffers[buffer]?.set(chunk, offset);
  }

  truncate(buffer: number, bytes: number): void {
    this.buffers[buffer] = this.buffers[buffer]?.subarray(0, bytes) ?? new Uint8Array();
  }
}

/** A backend over `engine`, with what it was told about keeping the process alive. */
export function fakeBackend(engine: FakeEngine): Backend & { alive: boolean[]; opened: number } {
  const backend = {
    kind: "native" as const,
    alive: [] as boolean[],
    opened: 0,
    async open(doorbell: () => void) {
      backend.opened += 1;
      engine.doorbell = doorbell;
      return engine;
    },
    keepAlive: (waiting: boolean) => void backend.alive.push(waiting),
    resolvePath: (source: string | URL) =>
      typeof source === "string" ? source.replace("~", "/home/me") : source.pathname,
  };
  return backend;
}
