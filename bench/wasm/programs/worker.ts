// A Worker that answers once it has the first token.

import { demoModel } from "@wick/demo-model";
import { Model } from "wick";
import { firstToken } from "./first-token.ts";

// oxlint-disable-next-line import/no-default-export -- That is what a Worker is.
export default {
  async fetch(): Promise<Response> {
    const model = await firstToken(Model, demoModel());
    await model.close();
    return new Response("ready");
  },
};
