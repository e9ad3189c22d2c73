// Import to first token of the demo model, in a process that has loaded nothing yet.
const start = performance.now();
const { Model } = await import("wick");
const { demoModel } = await import("@wick/demo-model");
const imported = performance.now();
const model = await Model.load(demoModel());
const loaded = performance.now();
for await (const response of model.chat.stream({
  messages: [{ role: "user", content: "What is the capital of France?" }],
  maxTokens: 8,
})) {
  if (response.kind === "chunk" && response.choices[0].delta.content) break;
}
const firstToken = performance.now();
await model.close();
console.log(
  JSON.stringify({
    import: imported - start,
    load: loaded - imported,
    firstToken: firstToken - loaded,
    total: firstToken - start,
  }),
);
