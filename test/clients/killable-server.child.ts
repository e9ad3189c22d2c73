// A server in a process of its own, to be killed: it says two words and then nothing more, and prints where it is.

import { serve } from "@wick/server/node";
import { scriptedModel } from "wick/testing";

const [apiKey = ""] = process.argv.slice(2);
const model = scriptedModel({ replies: [{ text: ["The sky ", "is ", "blue."], end: { kind: "hang", after: 2 } }] });
const server = await serve({ models: { scripted: model }, port: 0, log: false, playground: false, apiKeys: [apiKey] });
console.log(server.url);
