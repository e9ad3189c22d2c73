// The server over the demo model, for who asks it what its description allows. Says its address; ends with its input.

import { demoModel } from "@wick/demo-model";
import { serve } from "@wick/server/node";
import { Model } from "wick";

const model = await Model.load(demoModel(), { maxSequences: 8, maxQueue: 1024 });
const server = await serve({
  models: { demo: model },
  port: 0,
  log: false,
  metrics: true,
  maxConnections: 1024,
});
process.stdout.write(`${server.url}\n`);
process.stdin.resume();
process.stdin.on("end", async () => {
  await server.close();
  await model.close();
});
