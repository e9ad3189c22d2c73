// A page that streams an answer and puts what came into `result`; its query gives the options of the load.
import { demoModel } from "@wick/demo-model";
import { Model } from "wick";

async function streamed({ worker, ...urls }) {
  const model = await Model.load(demoModel(), { ...(worker === undefined ? {} : { worker: true }), ...urls });
  const messages = [{ role: "user", content: "Why is the sky blue?" }];
  let text = "";
  for await (const response of model.chat.stream({ messages, temperature: 0, maxTokens: 16 })) {
    if (response.kind === "chunk") text += response.choices[0].delta.content ?? "";
    if (response.kind === "done") return { text, usage: response.completion.usage, backend: model.info.backend };
  }
  return { text };
}

globalThis.result = await streamed(Object.fromEntries(new URLSearchParams(location.search))).catch(
  ({ name, code, message }) => ({ name, code, message }),
);
