import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { demoModel } from "@wick/demo-model";
import { type WasmCore, type WasmHost, instantiate } from "@wick/wasm";

/** What a ticket says; fields as the command has them. */
export interface Event {
  readonly kind: string;
  readonly [field: string]: unknown;
}

const module = await WebAssembly.compile(readFileSync(fileURLToPath(import.meta.resolve("@wick/wasm/simd128.wasm"))));

export const demoBytes: Uint8Array = readFileSync(demoModel());

/** All of the memory that 32 bits address, but a page. */
export const everything: number = 2 ** 32 - 2 ** 16;

/** An engine that is driven by hand: nothing of it runs but what a test calls. */
export class Instance {
  readonly core: WasmCore;
  readonly memory: WebAssembly.Memory;

  private constructor(core: WasmCore, memory: WebAssembly.Memory) {
    this.core = core;
    this.memory = memory;
  }

  static async open(memoryLimit: number): Promise<Instance> {
    const host: WasmHost = {
      now: () => performance.now(),
      unixMs: () => Date.now(),
      random: () => 7,
      panicked: (message) => {
        throw new Error(message);
      },
    };
    const { Engine, memory } = await instantiate(module, host);
    return new Instance(new Engine(false, memoryLimit), memory);
  }

  /** Bytes of the linear memory, which never get fewer. */
  get peak(): number {
    return this.memory.buffer.byteLength;
  }

  /** A buffer that holds `bytes`; none where there is no room. */
  place(bytes: Uint8Array): number | undefined {
    const buffer = this.core.allocate(bytes.length);
    if (buffer !== undefined) new Uint8Array(this.memory.buffer, this.core.address(buffer), bytes.length).set(bytes);
    return buffer;
  }

  submit(command: object, buffers: readonly number[] = []): number {
    const ticket = this.core.submit(JSON.stringify(command), Uint32Array.from(buffers));
    if (ticket === undefined) throw new Error(this.core.refusal());
    return ticket;
  }

  /** The events of all `tickets`, each to its end, while all are worked for. */
  run(tickets: readonly number[]): Event[][] {
    const events = tickets.map((): Event[] => []);
    for (let worked = true; worked;) {
      worked = this.core.step();
      for (const [index, ticket] of tickets.entries()) {
        for (let json = this.core.take(ticket); json !== undefined; json = this.core.take(ticket)) {
          events[index]?.push(JSON.parse(json) as Event);
          worked = true;
        }
      }
    }
    return events;
  }

  /** The last event of a command. */
  call(command: object, buffers: readonly number[] = []): Event {
    const last = this.run([this.submit(command, buffers)])[0]?.at(-1);
    if (last === undefined) throw new Error("no event");
    return last;
  }

  /** The last event of a load of `bytes`. */
  load(bytes: Uint8Array, options: object = {}): Event {
    const buffer = this.place(bytes);
    if (buffer === undefined) throw new Error("no room for the file");
    return this.call({ kind: "load", source: { kind: "bytes", buffer: 0 }, options }, [buffer]);
  }
}
