// A stream without a model: what an event costs between the engine and JavaScript.
// burst N: as fast as it goes. paced N: one event per millisecond, from the engine's clock to the reader's.
import addon from "@wick/node";

const [mode, count] = process.argv.slice(2);
const events = Number(count);

let ring: () => void = () => undefined;
const engine = new addon.Engine(() => {
  engine.woken();
  ring();
});
const keepAlive = setInterval(() => undefined, 2 ** 30);
const rung = () =>
  new Promise<void>((resolve) => {
    ring = resolve;
  });

const ticket = engine.submit(JSON.stringify({ kind: "null_model", events, intervalMs: mode === "paced" ? 1 : 0 }));
const latencies: number[] = [];
let characters = 0;
const start = performance.now();
for (let last = false; !last;) {
  const text = engine.take(ticket);
  if (text === null) {
    await rung();
    continue;
  }
  const event = JSON.parse(text);
  if (event.kind === "chunk") {
    const { content = "" } = event.choices[0].delta;
    if (mode === "paced" && content !== "") latencies.push(engine.clock() - Number(content));
    characters += content.length;
  } else last = true;
}
const seconds = (performance.now() - start) / 1000;
clearInterval(keepAlive);
console.log(JSON.stringify({ seconds, characters, latencies }));
