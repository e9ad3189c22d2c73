import { type ErrorCode, type ErrorInfo, type Model, WickError } from "wick";
import { Failure, failureFrom, notFound } from "./error/failure.js";

/** A model by the name that requests call it. */
export interface ServedModel {
  name: string;
  model: Model;
}

/** Codes of a model that is dead: no request of it will ever be answered. */
const deadly: ReadonlySet<ErrorCode> = new Set(["engine_failed", "engine_closed", "device_lost", "instance_poisoned"]);

/** Whether a model that ends a request with this error is dead. */
export function isDeadly({ code }: ErrorInfo): boolean {
  return deadly.has(code);
}

/** How a model is. */
export type ModelState = { kind: "loading" } | { kind: "ready"; model: Model } | { kind: "failed"; error: unknown };

/** The models of a server. One that is still loading is there from the beginning, and asked again later. */
export class ModelCatalog {
  readonly #states = new Map<string, ModelState>();
  /** When the server began, in seconds since 1970: `created` of its models. */
  readonly created: number;

  /**
   * @param models - By name; as promises while they load.
   * @param now - Milliseconds since 1970.
   * @throws {TypeError} without a model.
   */
  constructor(models: Readonly<Record<string, Model | Promise<Model>>>, now: number) {
    this.created = Math.floor(now / 1000);
    for (const [name, model] of Object.entries(models)) {
      if (!(model instanceof Promise)) {
        this.#states.set(name, { kind: "ready", model });
        continue;
      }
      this.#states.set(name, { kind: "loading" });
      model.then(
        (loaded) => this.#states.set(name, { kind: "ready", model: loaded }),
        (error: unknown) => this.#states.set(name, { kind: "failed", error }),
      );
    }
    if (this.#states.size === 0) throw new TypeError("models: a server needs at least one model.");
  }

  /** A model has died under its requests, and will not answer again. */
  died(name: string, error: ErrorInfo): void {
    this.#states.set(name, { kind: "failed", error: new WickError(error) });
  }

  /** All of them. */
  states(): IterableIterator<[string, ModelState]> {
    return this.#states.entries();
  }

  /** What they are called. */
  names(): string[] {
    return [...this.#states.keys()];
  }

  /** Those that answer. */
  ready(): ServedModel[] {
    return [...this.#states].flatMap(([name, state]) => (state.kind === "ready" ? [{ name, model: state.model }] : []));
  }

  /**
   * The model that a request names; the only one where it names none.
   *
   * @throws {Failure} `not_found`, and `busy` while it loads.
   */
  find(name: string | undefined): ServedModel {
    const [first] = this.#states.keys();
    const wanted = name ?? (this.#states.size === 1 ? first : undefined);
    const state = wanted === undefined ? undefined : this.#states.get(wanted);
    if (wanted === undefined || state === undefined) {
      const names = this.names()
        .map((each) => JSON.stringify(each))
        .join(", ");
      throw notFound(`There is no such model here: name one of ${names}.`, "model");
    }
    switch (state.kind) {
      case "ready":
        return { name: wanted, model: state.model };
      case "loading":
        throw new Failure({
          code: "busy",
          message: "The model is still loading.",
          where: "model",
          retryable: true,
          retryAfterMs: 2000,
        });
      case "failed":
        throw new Failure(
          { ...failureFrom(state.error).info, where: "model", retryable: false },
          { status: 503, cause: state.error },
        );
    }
  }
}
