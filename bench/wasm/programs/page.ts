// A page: from the import to the first token, with all that it fetches.

const began = performance.now();
const [{ Model }, { demoModel }] = await Promise.all([import("wick"), import("@wick/demo-model")]);
const { firstToken } = await import("./first-token.ts");
const model = await firstToken(Model, demoModel());
console.log(JSON.stringify({ ms: performance.now() - began }));
await model.close();
