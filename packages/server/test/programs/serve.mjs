// A program that serves, as a user has it: its settings are its argument, the first line that it writes has its address.

import { serve } from "@wick/server/node";
import { scriptedModel } from "wick/testing";

const { replies, ...options } = JSON.parse(process.argv[2]);
const server = await serve({
  models: { demo: scriptedModel({ replies }) },
  port: 0,
  playground: false,
  handleSignals: true,
  ...options,
});
process.stdout.write(`${JSON.stringify({ event: "listening", port: server.port })}\n`);
await server.closed;
process.stdout.write(`${JSON.stringify({ event: "closed" })}\n`);
