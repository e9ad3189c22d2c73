// A Worker that runs one case for each request.

import { demoModel } from "@wick/demo-model";
import { Model } from "wick";
import { workerdSetting } from "../../../../packages/ts-api/src/wasm/workerd-setting.js";
import { describeFaults } from "../../faults.ts";
import type { Call } from "../host.ts";
import { answer, describeHost } from "./suite.ts";

// What `demoModel()` gives here.
const bytes = demoModel() as unknown as ArrayBuffer;
const subject = { name: "workerd", Model, bytes: async () => new Uint8Array(bytes) };
describeHost(subject);
describeFaults({ ...subject, setting: workerdSetting });

// oxlint-disable-next-line import/no-default-export -- That is what a Worker is.
export default {
  async fetch(request: Request): Promise<Response> {
    return Response.json(await answer((await request.json()) as Call, subject));
  },
};
