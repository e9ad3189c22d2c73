// `npm run bench -- <suite> [part …]`: figures of the engine, as a table and as one line of JSON; `-- report` writes the kept
// ones into the documentation.
import { OPTIONS_USAGE, parseOptions, type Options } from "./options.ts";
import { versionsUsed } from "./peers/versions.ts";
import { publish } from "./publish/publish.ts";
import { report } from "./report.ts";
import { figuresOf, saveResult, type Result } from "./results.ts";

type Measure = (options: Options) => Iterable<Result> | Promise<Result[]> | AsyncIterable<Result>;
type Part = () => Promise<Measure>;

/** Run when no part is named. */
const suites: Readonly<Record<string, Readonly<Record<string, Part>>>> = {
  cpu: {
    decode: async () => (await import("./cpu/decode.ts")).measureDecode,
    prefill: async () => (await import("./cpu/prefill.ts")).measurePrefill,
    together: async () => (await import("./cpu/together.ts")).measureTogether,
    floats: async () => (await import("./cpu/floats.ts")).measureFloats,
    matmul: async () => (await import("./cpu/matmul.ts")).measureMatmul,
    streaming: async () => (await import("./cpu/streaming.ts")).measureStreaming,
    packages: async () => (await import("./cpu/packages.ts")).measurePackages,
  },
  startup: {
    "first-token": async () => (await import("./startup/first-token.ts")).measureFirstToken,
  },
  memory: {
    peak: async () => (await import("./memory/peak.ts")).measurePeak,
  },
  native: {
    "cold-start": async () => (await import("./native/cold-start.ts")).measureColdStart,
    bridge: async () => (await import("./native/bridge.ts")).measureBridge,
    overhead: async () => (await import("./native/overhead.ts")).measureOverhead,
    speed: async () => (await import("./native/speed.ts")).measureSpeed,
    "install-size": async () => (await import("./native/install-size.ts")).measureInstallSize,
  },
  streams: {
    cancel: async () => (await import("./streams/cancel.ts")).measureCancel,
    stalled: async () => (await import("./streams/stalled.ts")).measureStalled,
    prefix: async () => (await import("./streams/prefix.ts")).measurePrefix,
    scheduler: async () => (await import("./streams/scheduler.ts")).measureScheduler,
    "long-prompt": async () => (await import("./streams/long-prompt.ts")).measureLongPrompt,
    together: async () => (await import("./streams/together.ts")).measureTogether,
    speculation: async () => (await import("./streams/speculation.ts")).measureSpeculation,
    soak: async () => (await import("./streams/soak.ts")).measureSoak,
  },
  server: {
    overhead: async () => (await import("./server/overhead.ts")).measureOverhead,
    "many-streams": async () => (await import("./server/many-streams.ts")).measureManyStreams,
    overload: async () => (await import("./server/overload.ts")).measureOverload,
    autocannon: async () => (await import("./server/autocannon.ts")).measureAutocannon,
  },
  structured: {
    masks: async () => (await import("./structured/masks.ts")).measureMasks,
    decode: async () => (await import("./structured/decode.ts")).measureDecode,
    peer: async () => (await import("./structured/peer.ts")).measurePeer,
  },
  remote: {
    parsing: async () => (await import("./remote/parsing.ts")).measureParsing,
    "long-event": async () => (await import("./remote/long-event.ts")).measureLongEvent,
    latency: async () => (await import("./remote/latency.ts")).measureLatency,
    download: async () => (await import("./remote/download.ts")).measureDownload,
    bundle: async () => (await import("./remote/bundle.ts")).measureBundle,
  },
  wasm: {
    size: async () => (await import("./wasm/size.ts")).measureSize,
    memory: async () => (await import("./wasm/memory.ts")).measureMemory,
    logits: async () => (await import("./wasm/logits.ts")).measureLogits,
    cycles: async () => (await import("./wasm/cycles.ts")).measureCycles,
    "cold-start": async () => (await import("./wasm/cold-start.ts")).measureColdStart,
    peers: async () => (await import("./wasm/peers.ts")).measurePeers,
  },
};

/** Those that compare with peers, whose results are kept. */
const COMPARING = new Set(["cpu", "wasm", "startup", "memory", "remote"]);

function usage(problem: string): never {
  const lines = Object.entries(suites).map(([known, of]) => `${known} [${Object.keys(of).join(" | ")}]`);
  console.error(
    `${problem}\nusage: npm run bench -- ${lines.join("\n       npm run bench -- ")}\n       npm run bench -- report\n${OPTIONS_USAGE}`,
  );
  process.exit(2);
}

const [name = "", ...args] = process.argv.slice(2);
if (name === "report") {
  publish();
  process.exit();
}
const suite = Object.hasOwn(suites, name) ? suites[name] : undefined;
if (suite === undefined) usage(`there is no suite "${name}"`);
const options = parseOptions(args);
const unknown = options.parts.find((part) => !Object.hasOwn(suite, part));
if (unknown !== undefined) usage(`${name} has no part "${unknown}"`);

const results: Result[] = [];
for (const [part, load] of Object.entries(suite)) {
  if (options.parts.length > 0 && !options.parts.includes(part)) continue;
  console.error(`measuring ${part} …`);
  const measure = await load();
  for await (const result of await measure(options)) {
    results.push(result);
    if (options.save && COMPARING.has(name)) saveResult(name, result, versionsUsed());
  }
}
report(figuresOf(results));
