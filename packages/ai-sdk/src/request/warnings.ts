import type { SharedV3Warning } from "@ai-sdk/provider";

/** What a call asks for and does not get, as the SDK tells it: each once. */
export class Warnings {
  readonly #warnings = new Map<string, SharedV3Warning>();

  /** Something is left out. */
  unsupported(feature: string, details: string): void {
    this.#add({ type: "unsupported", feature, details });
  }

  /** Something is done in another way. */
  compatibility(feature: string, details: string): void {
    this.#add({ type: "compatibility", feature, details });
  }

  list(): SharedV3Warning[] {
    return [...this.#warnings.values()];
  }

  #add(warning: SharedV3Warning): void {
    this.#warnings.set(JSON.stringify(warning), warning);
  }
}
