import { type ReadonlySignal, computed, signal } from "@preact/signals";
import { type ErrorInfo, type LoadProgress, Model, WickError } from "wick/remote";
import { servedModels } from "./served-models.js";
import type { ServerKey } from "./server-key.js";

/** What is known of the server's models. */
export type Served =
  | { readonly kind: "asking" }
  | { readonly kind: "ready"; readonly names: readonly string[] }
  /** It wants a key; `isWrong`: another one than it was given. */
  | { readonly kind: "locked"; readonly isWrong: boolean }
  | { readonly kind: "failed"; readonly error: ErrorInfo };

/** How far the model in this page is. */
export type InBrowser =
  | { readonly kind: "off" }
  | { readonly kind: "loading"; readonly progress?: LoadProgress }
  | { readonly kind: "ready"; readonly model: Model }
  | { readonly kind: "failed"; readonly error: ErrorInfo };

/** Loads the model that runs in the page. */
export type LoadInBrowser = (onProgress: (progress: LoadProgress) => void, signal: AbortSignal) => Promise<Model>;

/** Which model answers: one of the server's, or the one that runs in the page. */
export class ModelChoice {
  readonly #origin: string;
  readonly #key: ServerKey;
  readonly #loadInBrowser: LoadInBrowser;
  readonly #served = signal<Served>({ kind: "asking" });
  readonly #chosen = signal<string | undefined>(undefined);
  readonly #inBrowser = signal<InBrowser>({ kind: "off" });
  #loading: AbortController | undefined;
  #asked = 0;
  /** The chosen model's name; nothing before there is one. */
  readonly name: ReadonlySignal<string | undefined>;

  /** @param origin - Of the server. */
  constructor(origin: string, key: ServerKey, loadInBrowser: LoadInBrowser) {
    this.#origin = origin;
    this.#key = key;
    this.#loadInBrowser = loadInBrowser;
    this.name = computed(() => {
      const inBrowser = this.#inBrowser.value;
      if (inBrowser.kind === "ready") return inBrowser.model.info.id;
      return inBrowser.kind === "off" && this.#served.value.kind === "ready" ? this.#chosen.value : undefined;
    });
  }

  get served(): ReadonlySignal<Served> {
    return this.#served;
  }

  /** Of the server's. */
  get chosen(): ReadonlySignal<string | undefined> {
    return this.#chosen;
  }

  get inBrowser(): ReadonlySignal<InBrowser> {
    return this.#inBrowser;
  }

  /** The address of the server's API. */
  get baseUrl(): string {
    return `${this.#origin}/v1`;
  }

  /** Whether the server was given a key. */
  get hasKey(): boolean {
    return this.#key.value !== undefined;
  }

  /** Asks the server for its models. */
  async ask(): Promise<void> {
    const number = (this.#asked += 1);
    const { value: key } = this.#key;
    this.#served.value = { kind: "asking" };
    const served = await servedModels(this.baseUrl, key).then(
      (names): Served => ({ kind: "ready", names }),
      (error: unknown): Served => {
        if (!WickError.isInstance(error)) throw error;
        const isLocked = error.code === "unauthorized";
        return isLocked ? { kind: "locked", isWrong: key !== undefined } : { kind: "failed", error: error.info };
      },
    );
    // Asked again meanwhile, with another key.
    if (number !== this.#asked) return;
    this.#served.value = served;
    if (served.kind !== "ready") return;
    const { value: before } = this.#chosen;
    if (before === undefined || !served.names.includes(before)) this.#chosen.value = served.names[0];
  }

  choose(name: string): void {
    this.#chosen.value = name;
  }

  /** Asks again with another key. */
  async unlock(key: string): Promise<void> {
    this.#key.set(key);
    await this.ask();
  }

  /** The server has refused the key that it was given. */
  lock(): void {
    this.#served.value = { kind: "locked", isWrong: this.#key.value !== undefined };
  }

  /** Runs the demo model in the page from now on, or asks the server again. */
  async runInBrowser(isOn: boolean): Promise<void> {
    this.#loading?.abort();
    const { value: before } = this.#inBrowser;
    if (!isOn) {
      this.#inBrowser.value = { kind: "off" };
      if (before.kind === "ready") await before.model.close();
      return;
    }
    if (before.kind === "ready") return;
    const loading = new AbortController();
    this.#loading = loading;
    const show = (state: InBrowser) => {
      if (!loading.signal.aborted) this.#inBrowser.value = state;
    };
    show({ kind: "loading" });
    try {
      const model = await this.#loadInBrowser((progress) => show({ kind: "loading", progress }), loading.signal);
      if (loading.signal.aborted) await model.close();
      else show({ kind: "ready", model });
    } catch (cause) {
      show({ kind: "failed", error: errorOf(cause) });
    }
  }

  /** The model that answers now; nothing where there is none. */
  model(): Model | undefined {
    const { value: inBrowser } = this.#inBrowser;
    if (inBrowser.kind === "ready") return inBrowser.model;
    const { value: name } = this.name;
    if (name === undefined) return undefined;
    const { value: apiKey } = this.#key;
    return Model.connect({ provider: "wick", baseURL: this.baseUrl, model: name, apiKey });
  }
}

function errorOf(cause: unknown): ErrorInfo {
  if (WickError.isInstance(cause)) return cause.info;
  // The chunk with the engine could not be fetched.
  const message = `The engine for this page could not be loaded (${String(cause)}).`;
  return { code: "backend_unavailable", message, retryable: true };
}
