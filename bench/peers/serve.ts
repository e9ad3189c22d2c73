import { createInterface } from "node:readline";

/** What an engine's process measures, in milliseconds. */
export interface Measures {
  prefill(tokens: number): Promise<number>;
  decode(context: number, tokens: number, sequences: number): Promise<number>;
}

export type Request =
  | { readonly measure: "prefill"; readonly tokens: number }
  | { readonly measure: "decode"; readonly context: number; readonly tokens: number; readonly sequences: number };

/** Says that the model is loaded and of which version the engine is, if not of this clone's; then answers requests until the input ends. */
export async function serve(ready: { version: string; loadMs: number }, measures: Measures): Promise<void> {
  console.log(JSON.stringify(ready));
  for await (const line of createInterface(process.stdin)) {
    const request = JSON.parse(line) as Request;
    const ms =
      request.measure === "prefill"
        ? await measures.prefill(request.tokens)
        : await measures.decode(request.context, request.tokens, request.sequences);
    console.log(JSON.stringify({ ms }));
  }
}
