// A program for Deno that serves the demo model, and writes where.

import { demoModel } from "@wick/demo-model";
import { createServer } from "@wick/server";
import { Model } from "wick";

/** What of Deno is used here. */
declare const Deno: {
  serve(
    options: { hostname: string; port: number; onListen(address: { port: number }): void },
    handler: (request: Request) => Promise<Response>,
  ): unknown;
};

const model = await Model.load(demoModel());
const server = createServer({ models: { demo: model } });
Deno.serve(
  { hostname: "127.0.0.1", port: 0, onListen: ({ port }) => console.log(JSON.stringify({ port })) },
  async (request) => {
    // For the tests alone.
    if (new URL(request.url).pathname === "/stats")
      return Response.json(model.stats(), { headers: { "content-type": "text/plain" } });
    return server.fetch(request);
  },
);
