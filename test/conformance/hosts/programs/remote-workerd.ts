// A Worker with remote models alone, that runs one case for each request.

import type { Call } from "../host.ts";
import { answerRemote, describeRemoteIn } from "./remote-suite.ts";

describeRemoteIn("workerd");

// oxlint-disable-next-line import/no-default-export -- That is what a Worker is.
export default {
  async fetch(request: Request): Promise<Response> {
    return Response.json(await answerRemote((await request.json()) as Call));
  },
};
