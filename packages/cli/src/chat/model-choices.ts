import { bytesText } from "../output/quantity.js";
import type { Choice } from "./chat-surface.js";

/** Models that are on this machine: those of the hub's cache, and the demo model. */
export async function modelChoices(): Promise<Choice<string>[]> {
  const { Model } = await import("wick");
  const choices = new Map<string, Choice<string>>();
  for (const { id, file, bytes } of await Model.list()) {
    // A checkpoint goes by the name of its repository. The same file of another revision is the same choice.
    const name = file.endsWith(".gguf") ? `${id}/${file}` : id;
    choices.set(name, { value: name, label: name, hint: bytesText(bytes) });
  }
  return [...choices.values(), { value: "demo", label: "demo", hint: "a toy, to try things out" }];
}
