import { describe, expect, test } from "vitest";
import type { LoadOptions, LoadProgress, ModelSource } from "wick";
import type { WasmSubject } from "./loads.ts";

const messages = [{ role: "user" as const, content: "What is the capital of France?" }];

/** Models that come in pieces, wherever they come from. */
export function describeSources({ name, Model, bytes }: WasmSubject): void {
  const answerOf = async (source: ModelSource, options?: LoadOptions) => {
    const model = await Model.load(source, options);
    const { choices } = await model.chat.complete({ messages, temperature: 0 });
    await model.close();
    return choices[0].message.content;
  };
  const lengthOf = (source: Uint8Array) => ({ headers: { "content-length": String(source.length) } });

  describe(`sources: ${name}`, () => {
    test.each<[string, (source: Uint8Array<ArrayBuffer>) => ModelSource]>([
      ["a Response with its length", (source) => new Response(streamOf(source, 100_000), lengthOf(source))],
      ["a Response without a length", (source) => new Response(streamOf(source, 100_000))],
      ["a stream", (source) => streamOf(source, 1_000_000)],
      ["a stream of small pieces", (source) => streamOf(source, 4099)],
      ["a stream of more than the file", (source) => streamOf(source, 70_000, 500_000)],
      ["files", (source) => ({ files: { "demo.gguf": source } })],
    ])("from %s", async (_, sourceOf) => {
      expect(await answerOf(sourceOf(await bytes()))).toBe("The capital of France is Paris.");
    });

    test("a Response's progress is told", async () => {
      const source = await bytes();
      const told: LoadProgress[] = [];
      const response = new Response(streamOf(source, 100_000), lengthOf(source));
      await answerOf(response, { onProgress: (progress) => told.push(progress) });
      const downloads = told.filter(({ kind }) => kind === "download");
      expect(downloads.length).toBeGreaterThan(4);
      expect(downloads.at(-1)).toMatchObject({ loadedBytes: source.length, totalBytes: source.length });
    });

    test.each([10, 1000, 500_000, 6_000_000])("a stream that ends after %i bytes", async (length) => {
      const source = (await bytes()).subarray(0, length);
      await expect(Model.load(streamOf(source, 77_777))).rejects.toMatchObject({ code: "model_invalid" });
      const announced = new Response(streamOf(source, 77_777), { headers: { "content-length": "6276288" } });
      await expect(Model.load(announced)).rejects.toMatchObject({
        code: "download_failed",
        info: { where: "source", details: { expected: 6_276_288, got: length } },
      });
    });

    test("a stream that breaks off", async () => {
      const source = (await bytes()).subarray(0, 1_000_000);
      const broken = streamOf(source, 70_001).pipeThrough(
        new TransformStream<Uint8Array, Uint8Array>({
          flush: () => {
            throw new Error("the cable is cut");
          },
        }),
      );
      await expect(Model.load(broken)).rejects.toMatchObject({
        code: "download_failed",
        message: expect.stringContaining("the cable is cut"),
      });
    });

    test("a stream of what is no model, or of no bytes", async () => {
      const text = new TextEncoder().encode("<!doctype html>".repeat(10_000));
      await expect(Model.load(streamOf(text, 1000))).rejects.toMatchObject({ code: "model_unsupported" });
      const strings = new ReadableStream({ start: (controller) => controller.enqueue("text") });
      await expect(Model.load(strings)).rejects.toMatchObject({ code: "invalid_request", info: { where: "source" } });
    });

    test("a signal ends a load whose stream hangs", async () => {
      const controller = new AbortController();
      let isCancelled = false;
      const hanging = new ReadableStream<Uint8Array>({ cancel: () => void (isCancelled = true) });
      setTimeout(() => controller.abort(), 20);
      await expect(Model.load(hanging, { signal: controller.signal })).rejects.toMatchObject({ code: "cancelled" });
      expect(isCancelled).toBe(true);
    });

    test("a model of more than this host has is refused before it is read", async () => {
      let pulls = 0;
      const endless = new ReadableStream<Uint8Array>(
        {
          pull(controller) {
            pulls += 1;
            controller.enqueue(new Uint8Array(1000));
          },
        },
        { highWaterMark: 0 },
      );
      const response = new Response(endless, { headers: { "content-length": String(2 ** 32) } });
      await expect(Model.load(response)).rejects.toMatchObject({
        code: "out_of_memory",
        info: { details: { needed: expect.any(Number), limit: expect.any(Number) } },
      });
      expect(pulls).toBeLessThan(3);
    });
  });
}

/** A stream of `source` in pieces, and of zeros after it. */
function streamOf(source: Uint8Array, piece: number, zeros = 0): ReadableStream<Uint8Array<ArrayBuffer>> {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at < source.length) controller.enqueue(source.slice(at, at + piece));
      else if (at < source.length + zeros) controller.enqueue(new Uint8Array(piece));
      else controller.close();
      at += piece;
    },
  });
}
