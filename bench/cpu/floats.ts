import { gate, type Cell } from "../cell.ts";
import { compare, decoding, prefilling } from "../compare.ts";
import { randomSafetensors, type FileType, type FloatType } from "../models.ts";
import type { Options } from "../options.ts";
import { startLlamaCpp, startWick } from "../peers/engines.ts";
import { pathOf, subjects } from "../subject.ts";

const isFloat = (type: FileType): type is FileType & FloatType => type === "F32" || type === "BF16";

/** Checkpoints that are not quantised: safetensors by Wick and by candle, the same weights as GGUF by llama.cpp. */
export async function* measureFloats(options: Options): AsyncGenerator<Cell> {
  for (const subject of subjects(options, ["BF16", "F32"])) {
    const { shape, type, threads } = subject;
    if (!isFloat(type)) continue;
    const folder = { path: randomSafetensors(shape, type), threads, contextLength: 1024 };
    await using wick = await startWick(folder);
    await using candle = await startWick(folder, "candle");
    await using llama = await startLlamaCpp({ ...folder, path: pathOf(subject) });
    const engines = [wick, candle, llama];
    for (const [part, tokens, contestants] of [
      ["decode, safetensors", 128, engines.map((engine) => decoding(engine, subject, 128))],
      ["prefill, safetensors", 512, engines.map((engine) => prefilling(engine, 512))],
    ] as const) {
      yield await compare(part, options, subject, tokens, contestants, (measured) =>
        [candle, llama].map((peer) => gate(measured, wick.name, peer.name, { atLeast: 1 })),
      );
    }
  }
}
