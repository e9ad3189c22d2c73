// A Worker that answers with what it streamed.
import { demoModel } from "@wick/demo-model";
import { Model } from "wick";

let loading;

// oxlint-disable-next-line import/no-default-export -- That is what a Worker is.
export default {
  async fetch() {
    loading ??= Model.load(demoModel());
    const model = await loading;
    const messages = [{ role: "user", content: "Why is the sky blue?" }];
    let text = "";
    for await (const response of model.chat.stream({ messages, temperature: 0, maxTokens: 16 })) {
      if (response.kind === "chunk") text += response.choices[0].delta.content ?? "";
      if (response.kind === "done") {
        return Response.json({ text, usage: response.completion.usage, backend: model.info.backend });
      }
    }
    return Response.json({ text });
  },
};
