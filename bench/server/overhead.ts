import { type Figure, median } from "../report.ts";
import { LoadProcess, ServerProcess, streamedChat } from "./processes.ts";

const TOKENS = 1500;
const ROUNDS = 12;
/** Until the compiler has seen it all. */
const WARM_UP = 4;

/** What streaming over HTTP adds to a token of the library, on the thread that runs JavaScript; in turns. */
export async function measureOverhead(): Promise<Figure[]> {
  await using server = await ServerProcess.start({ load: { threads: 1 }, maxConnections: 16 });
  await using clients = await LoadProcess.start();
  const rounds: { library: number; http: number }[] = [];
  for (let round = 0; round < ROUNDS + WARM_UP; round += 1) {
    const { chunks, threadUs } = await server.library(TOKENS);
    const before = await server.use();
    const [outcome] = await clients.run({ url: server.url, ...streamedChat(TOKENS), requests: 1 });
    const after = await server.use();
    if (outcome?.isWhole !== true) throw new Error(`the stream ended with ${outcome?.error ?? outcome?.status}`);
    const http = (after.threadUs - before.threadUs) / chunks;
    if (round >= WARM_UP) rounds.push({ library: threadUs / chunks, http });
  }
  const library = median(rounds.map((round) => round.library));
  return [
    {
      name: "HTTP streaming over the library, CPU time of the thread per token",
      value: median(rounds.map((round) => round.http - round.library)),
      unit: "µs",
      atMost: 30,
      note: `the library itself: ${library.toFixed(1)} µs`,
    },
  ];
}
