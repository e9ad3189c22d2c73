// A Worker that serves the demo model: loaded with the first request, since Workers do nothing before.

import { demoModel } from "@wick/demo-model";
import { type Server, createServer } from "@wick/server";
import { Model } from "wick";

let serving: Promise<{ model: Model; server: Server }> | undefined;

async function begin() {
  const model = await Model.load(demoModel());
  return { model, server: createServer({ models: { demo: model } }) };
}

// oxlint-disable-next-line import/no-default-export -- That is what a Worker is.
export default {
  async fetch(request: Request): Promise<Response> {
    serving ??= begin();
    const { model, server } = await serving;
    // For the tests alone.
    if (new URL(request.url).pathname === "/stats")
      return Response.json(model.stats(), { headers: { "content-type": "text/plain" } });
    return server.fetch(request);
  },
};
