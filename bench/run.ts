// `npm run bench -- native [part …]`: figures of the native engine, as a table and as one line of JSON.
import { report, type Figure } from "./report.ts";

const native: Record<string, () => Promise<() => Figure[]>> = {
  "cold-start": async () => (await import("./native/cold-start.ts")).measureColdStart,
  bridge: async () => (await import("./native/bridge.ts")).measureBridge,
  overhead: async () => (await import("./native/overhead.ts")).measureOverhead,
  speed: async () => (await import("./native/speed.ts")).measureSpeed,
  memory: async () => (await import("./native/memory.ts")).measureMemory,
  "install-size": async () => (await import("./native/install-size.ts")).measureInstallSize,
};

const [suite, ...parts] = process.argv.slice(2);
const unknown = parts.find((part) => !(part in native));
if (suite !== "native" || unknown !== undefined) {
  console.error(`usage: npm run bench -- native [${Object.keys(native).join(" | ")}]`);
  process.exit(2);
}
const figures: Figure[] = [];
for (const [name, load] of Object.entries(native)) {
  if (parts.length > 0 && !parts.includes(name)) continue;
  console.error(`measuring ${name} …`);
  const measure = await load();
  figures.push(...measure());
}
report(figures);
