import { Model } from "wick/remote";
import { describeRemote } from "./remote/describe-remote.ts";
import { serveEngine } from "./remote/engine-server.ts";
import { transcriptsOf } from "./transcripts.ts";

const { engine, url } = await serveEngine();

describeRemote({
  name: "remote in Node",
  connect: (options) => Model.connect(options),
  url: () => url,
  words: async () => transcriptsOf(engine),
});
