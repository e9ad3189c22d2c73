import { type ReadonlySignal, signal } from "@preact/signals";
import type { KeptTexts } from "../conversation/conversation-shelf.js";
import { FormatError, JsonReader } from "../conversation/json-reader.js";
import { type NumberName, type Settings, defaultSettings, efforts, formatKinds, toolUses } from "./settings.js";

const key = "wick.settings";

/** The settings, kept by the browser. */
export class KeptSettings {
  readonly #kept: KeptTexts;
  readonly #current = signal<Settings>(defaultSettings);
  /** Whether what was kept could not be read, so that the defaults stand in its place. */
  readonly wasDamaged: boolean;

  constructor(kept: KeptTexts) {
    this.#kept = kept;
    const text = kept.getItem(key);
    const read = text === null ? defaultSettings : readSettings(text);
    this.wasDamaged = read === undefined;
    this.#current.value = read ?? defaultSettings;
  }

  get current(): ReadonlySignal<Settings> {
    return this.#current;
  }

  change(changes: Partial<Settings>): void {
    this.#current.value = { ...this.#current.value, ...changes };
    try {
      this.#kept.setItem(key, JSON.stringify(this.#current.value));
    } catch {
      // They hold for this visit; that the browser is full, conversations say.
    }
  }

  changeNumber(name: NumberName, text: string): void {
    this.change({ numbers: { ...this.#current.value.numbers, [name]: text } });
  }

  reset(): void {
    this.change(defaultSettings);
  }
}

/** Settings of a file; nothing where it is none. Numbers that a later version adds are at their default. */
export function readSettings(json: string): Settings | undefined {
  try {
    const file = new JsonReader(JSON.parse(json));
    const texts = file.field("format").field("text");
    const numbers = { ...defaultSettings.numbers };
    for (const name of Object.keys(numbers) as NumberName[]) {
      const field = file.field("numbers").field(name);
      if (!field.isMissing) numbers[name] = field.string();
    }
    const tools = Object.keys(Object(file.field("tools").value)).map(
      (name) => [name, file.field("tools").field(name).oneOf(toolUses)] as const,
    );
    return {
      numbers,
      stop: file.field("stop").string(),
      effort: file.field("effort").oneOf(efforts),
      logprobs: file.field("logprobs").boolean(),
      format: {
        kind: file.field("format").field("kind").oneOf(formatKinds),
        text: {
          json_schema: texts.field("json_schema").string(),
          regex: texts.field("regex").string(),
          choice: texts.field("choice").string(),
        },
      },
      tools: Object.fromEntries(tools),
      serverTools: file.field("serverTools").boolean(),
    };
  } catch (error) {
    if (error instanceof FormatError || error instanceof SyntaxError) return undefined;
    throw error;
  }
}
