const { demoModel } = require("@wick/demo-model");
const { Model } = require("wick");
const native = require("wick/native");
const { scriptedModel } = require("wick/testing");

async function main() {
  const request = { messages: [{ role: "user", content: "Why is the sky blue?" }], temperature: 0, maxTokens: 16 };
  const model = await Model.load(demoModel());
  const other = await native.Model.load(demoModel());
  const [a, b] = await Promise.all([model.chat.complete(request), other.chat.complete(request)]);
  const text = a.choices[0].message.content;
  if (text !== b.choices[0].message.content) throw new Error("wick and wick/native differ");
  const scripted = await scriptedModel({ replies: ["Yes."] }).chat.complete(request);
  if (scripted.choices[0].message.content !== "Yes.") throw new Error("wick/testing does not answer");
  console.log(JSON.stringify({ text, usage: a.usage, backend: model.info.backend }));
  await Promise.all([model.close(), other.close()]);
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
