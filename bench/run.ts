// `npm run bench -- native | streams | wasm [part …]`: figures of the engine, as a table and as one line of JSON.
import { report, type Figure } from "./report.ts";

type Part = () => Promise<() => Figure[] | Promise<Figure[]>>;

/** Run when no part is named. */
const suites: Readonly<Record<string, Readonly<Record<string, Part>>>> = {
  native: {
    "cold-start": async () => (await import("./native/cold-start.ts")).measureColdStart,
    bridge: async () => (await import("./native/bridge.ts")).measureBridge,
    overhead: async () => (await import("./native/overhead.ts")).measureOverhead,
    speed: async () => (await import("./native/speed.ts")).measureSpeed,
    memory: async () => (await import("./native/memory.ts")).measureMemory,
    "install-size": async () => (await import("./native/install-size.ts")).measureInstallSize,
  },
  streams: {
    cancel: async () => (await import("./streams/cancel.ts")).measureCancel,
    stalled: async () => (await import("./streams/stalled.ts")).measureStalled,
    prefix: async () => (await import("./streams/prefix.ts")).measurePrefix,
    scheduler: async () => (await import("./streams/scheduler.ts")).measureScheduler,
    "long-prompt": async () => (await import("./streams/long-prompt.ts")).measureLongPrompt,
    together: async () => (await import("./streams/together.ts")).measureTogether,
    soak: async () => (await import("./streams/soak.ts")).measureSoak,
  },
  wasm: {
    size: async () => (await import("./wasm/size.ts")).measureSize,
    memory: async () => (await import("./wasm/memory.ts")).measureMemory,
    logits: async () => (await import("./wasm/logits.ts")).measureLogits,
    cycles: async () => (await import("./wasm/cycles.ts")).measureCycles,
    "cold-start": async () => (await import("./wasm/cold-start.ts")).measureColdStart,
    speed: async () => (await import("./wasm/speed.ts")).measureSpeed,
  },
};

const [name = "", ...parts] = process.argv.slice(2);
const suite = Object.hasOwn(suites, name) ? suites[name] : undefined;
if (suite === undefined || parts.some((part) => !Object.hasOwn(suite, part))) {
  const usage = Object.entries(suites).map(([known, of]) => `${known} [${Object.keys(of).join(" | ")}]`);
  console.error(`usage: npm run bench -- ${usage.join("\n       npm run bench -- ")}`);
  process.exit(2);
}
const figures: Figure[] = [];
for (const [part, load] of Object.entries(suite)) {
  if (parts.length > 0 && !parts.includes(part)) continue;
  console.error(`measuring ${part} …`);
  const measure = await load();
  figures.push(...(await measure()));
}
report(figures);
