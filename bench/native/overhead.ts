import type { Figure } from "../report.ts";
import { runRustExample } from "../rust-example.ts";

/** What a token costs beside the model, on the engine's thread. */
export function measureOverhead(): Figure[] {
  const lines = runRustExample("wick-core", "overhead").trimEnd().split("\n");
  return lines.map((line) => {
    const [name = "", value, unit = ""] = line.split("\t");
    return { name, value: Number(value), unit };
  });
}
