// A server in a process of its own. It says its address, then answers each line of its input with what it uses now.

import { createInterface } from "node:readline";
import { demoModel } from "@wick/demo-model";
import { serve } from "@wick/server/node";
import { type LoadOptions, Model } from "wick";

/** What the server is started with. */
export interface ServerSettings {
  readonly model?: string;
  readonly load: LoadOptions;
  readonly maxConnections: number;
}

/** What it uses. */
export interface ServerUse {
  /** CPU time of the thread that runs JavaScript, in microseconds. */
  readonly threadUs: number;
  readonly residentBytes: number;
  readonly running: number;
  readonly queued: number;
  readonly parked: number;
}

const settings = JSON.parse(process.argv[2] ?? "{}") as ServerSettings;
const model = await Model.load(settings.model ?? demoModel(), settings.load);
const server = await serve({
  models: { demo: model },
  port: 0,
  log: false,
  playground: false,
  maxConnections: settings.maxConnections,
  limits: { liveRequests: 100_000 },
});
console.log(server.url);

/** The same chat without HTTP: how many chunks it has, and their time. */
async function inProcess(tokens: number): Promise<object> {
  const before = process.threadCpuUsage();
  let chunks = 0;
  const request = {
    messages: [{ role: "user" as const, content: "Tell me a story." }],
    maxTokens: tokens,
    ignoreEos: true,
  };
  for await (const response of model.chat.stream({ ...request, temperature: 0 }))
    chunks += Number(response.kind === "chunk");
  const { user, system } = process.threadCpuUsage(before);
  return { chunks, threadUs: user + system };
}

for await (const line of createInterface(process.stdin)) {
  const [command, tokens] = line.split(" ");
  if (command === "library") {
    console.log(JSON.stringify(await inProcess(Number(tokens))));
    continue;
  }
  const { user, system } = process.threadCpuUsage();
  const { running, queued, parked } = model.stats();
  const { rss } = process.memoryUsage();
  console.log(
    JSON.stringify({ threadUs: user + system, residentBytes: rss, running, queued, parked } satisfies ServerUse),
  );
}
await server.close();
await model.close();
