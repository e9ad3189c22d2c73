import { Model } from "wick/remote";
import { type Figure, median } from "../report.ts";
import { chunkEvent, lastEvents } from "./chunks.ts";

const MEGABYTE = 1024 * 1024;

/** Seconds to read one event of so many bytes, in pieces of so many. */
async function secondsOf(bytes: number, piece: number): Promise<number> {
  const event = new TextEncoder().encode(chunkEvent("x".repeat(bytes)) + lastEvents);
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (let at = 0; at < event.length; at += piece) controller.enqueue(event.slice(at, at + piece));
      controller.close();
    },
  });
  const fetch = async () => new Response(body, { headers: { "content-type": "text/event-stream" } });
  const model = Model.connect({ provider: "openai", model: "m", fetch });
  const began = performance.now();
  const { choices } = await model.chat.complete({ messages: [{ role: "user", content: "Hi" }] });
  const seconds = (performance.now() - began) / 1000;
  if (choices[0].message.content.length !== bytes) throw new Error("it is not whole");
  return seconds;
}

async function typical(bytes: number, piece: number): Promise<number> {
  const runs = [];
  for (let run = 0; run < 5; run += 1) runs.push(await secondsOf(bytes, piece));
  return median(runs);
}

/** What one long event costs, which grows no faster than it does. */
export async function measureLongEvent(): Promise<Figure[]> {
  await secondsOf(MEGABYTE, 1024);
  const whole = await typical(8 * MEGABYTE, 64 * 1024);
  const quarter = await typical(2 * MEGABYTE, 64 * 1024);
  const pieces = await typical(2 * MEGABYTE, 1024);
  const fewer = await typical(MEGABYTE / 2, 1024);
  return [
    { name: "one event of 8 MB, in pieces of 64 KB", value: whole, unit: "s", atMost: 0.2 },
    { name: "the same against one of 2 MB: 4 is linear", value: whole / quarter, unit: "×", atMost: 8 },
    { name: "one event of 2 MB, in pieces of 1 KB", value: pieces, unit: "s", atMost: 0.2 },
    { name: "the same against one of 0.5 MB: 4 is linear", value: pieces / fewer, unit: "×", atMost: 8 },
  ];
}
