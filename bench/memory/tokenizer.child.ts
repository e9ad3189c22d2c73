// What the engine says its tokenizer holds, which the API does not tell.
import addon from "@wick/node";

const [path = ""] = process.argv.slice(2);
const keepAlive = setInterval(() => undefined, 2 ** 30);
const engine = new addon.Engine(() => {
  engine.woken();
  read();
});
const ticket = engine.submit(JSON.stringify({ kind: "load", source: { kind: "path", path }, options: {} }));

function read(): void {
  for (let text = engine.take(ticket); text !== null; text = engine.take(ticket)) {
    const event = JSON.parse(text);
    if (event.kind === "failed") throw new Error(text);
    if (event.kind === "loaded") {
      console.log(JSON.stringify({ tokenizer: event.tokenizerBytes }));
      clearInterval(keepAlive);
    }
  }
}
read();
