import { WickError } from "../error/wick-error.js";
import { type ErrorInfo, schemaHash } from "../generated/protocol.js";
import { openInstance } from "./wasm-instance.js";
import type { WasmEngine } from "./wasm-engine.js";
import type { FromWorker, ToWorker } from "./worker-messages.js";

/** The worker's end of the line to its page. */
export interface WorkerPort {
  postMessage(message: FromWorker, transfer?: ArrayBuffer[]): void;
  addEventListener(type: "message", listener: (event: { data: ToWorker }) => void): void;
  close(): void;
}

/** Runs the engine of one model for a page. */
export class WorkerHost {
  readonly #port: WorkerPort;
  #engine: Promise<WasmEngine> | undefined;
  /** The engine's tickets by the page's. */
  readonly #tickets = new Map<number, number>();
  #model: number | undefined;
  #isClosing = false;

  private constructor(port: WorkerPort) {
    this.#port = port;
  }

  /** Does what the page at the other end says. */
  static serve(port: WorkerPort): void {
    const host = new WorkerHost(port);
    port.addEventListener("message", ({ data }) => void host.#hear(data));
  }

  async #hear(message: ToWorker): Promise<void> {
    if (message.kind === "open") this.#engine = open(message);
    try {
      const engine = await this.#engine;
      if (engine !== undefined) this.#obey(engine, message);
    } catch (error) {
      this.#port.postMessage({ kind: "broken", error: infoOf(error) });
    }
  }

  #obey(engine: WasmEngine, message: ToWorker): void {
    switch (message.kind) {
      case "open":
        return this.#answer(message.call, () => undefined);
      case "file_bytes":
        return this.#answer(message.call, () => engine.memory.fileBytes(message.prefix));
      case "allocate":
        return this.#answer(message.call, () => engine.memory.allocate(message.bytes));
      case "write":
        return this.#answer(message.call, () => engine.memory.write(message.buffer, message.offset, message.chunk));
      case "truncate":
        return this.#answer(message.call, () => engine.memory.truncate(message.buffer, message.bytes));
      case "submit":
        this.#tickets.set(message.ticket, engine.submit(message.command, message.buffers));
        return;
      case "take":
        void this.#take(engine, message.ticket);
        return;
      case "cancel":
        return engine.cancel(this.#ticket(message.ticket), message.reason);
      case "release":
        engine.release(this.#ticket(message.ticket));
        this.#tickets.delete(message.ticket);
        return;
      case "observe":
        return this.#observe(engine);
      case "dispose":
        // Streams that are still to be read keep the instance, and each `take` may be the last.
        this.#isClosing = true;
        engine.dispose();
        return this.#leaveUnused(engine);
    }
  }

  /** Sends the next event when there is one. */
  async #take(engine: WasmEngine, ticket: number): Promise<void> {
    try {
      for (;;) {
        const inEngine = this.#ticket(ticket);
        const event = engine.take(inEngine);
        if (event !== null) {
          const vector = engine.takeVector(inEngine);
          this.#model ??= modelOf(event);
          this.#observe(engine);
          this.#port.postMessage(
            { kind: "event", ticket, event, vector },
            vector === null ? [] : [vector.buffer as ArrayBuffer],
          );
          return this.#leaveUnused(engine);
        }
        await engine.drive(inEngine);
        if (!this.#tickets.has(ticket)) return;
      }
    } catch (error) {
      this.#port.postMessage({ kind: "broken", error: infoOf(error) });
    }
  }

  /** What `stats()` and `trace()` say on the page until they hear more. */
  #observe(engine: WasmEngine): void {
    if (this.#model === undefined || engine.isUnused) return;
    const ask = (kind: "stats" | "trace") =>
      engine.take(engine.submit(`{"kind":"${kind}","model":${this.#model}}`)) ?? "";
    this.#port.postMessage({ kind: "observed", stats: ask("stats"), trace: ask("trace") });
  }

  #leaveUnused(engine: WasmEngine): void {
    if (!this.#isClosing || !engine.isUnused) return;
    this.#port.postMessage({ kind: "unused" });
    this.#port.close();
  }

  #answer(call: number, act: () => number | undefined | void): void {
    try {
      this.#port.postMessage({ kind: "answer", call, value: act() ?? undefined });
    } catch (error) {
      this.#port.postMessage({ kind: "refusal", call, error: infoOf(error) });
    }
  }

  #ticket(ticket: number): number {
    return this.#tickets.get(ticket) ?? 0;
  }
}

async function open({ schemaHash: spoken, module, options }: Extract<ToWorker, { kind: "open" }>): Promise<WasmEngine> {
  if (spoken !== schemaHash) {
    const message =
      `The page speaks protocol ${spoken} and its worker ${schemaHash}. Take both from one version of wick; ` +
      "an old script may lie in a cache.";
    const details = { expected: spoken, got: schemaHash };
    throw new WickError({ code: "backend_unavailable", message, retryable: false, details });
  }
  // Each event is asked for by a `take` that waits for it.
  return openInstance(module, options, () => {});
}

/** The number of a model that was just loaded. */
function modelOf(event: string): number | undefined {
  const { kind, model }: { kind: string; model?: number } = JSON.parse(event);
  return kind === "loaded" ? model : undefined;
}

function infoOf(error: unknown): ErrorInfo {
  if (WickError.isInstance(error)) return error.info;
  return { code: "internal", message: `The worker failed: ${String(error)}. Please report this.`, retryable: false };
}
