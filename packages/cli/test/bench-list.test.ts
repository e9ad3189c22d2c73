import { copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { demoModel } from "@wick/demo-model";
import { describe, expect, test } from "vitest";
import { summary } from "../src/bench/summary.ts";
import { ProgressLine, progressText } from "../src/model/load-progress.ts";
import { TextOutput } from "../src/output/text-output.ts";
import { PassThrough } from "node:stream";
import type { OutputStream } from "../src/environment.ts";
import { runChild } from "./child.ts";
import { temporaryFolder } from "./in-process.ts";

describe("wick bench", () => {
  const args = ["bench", "demo", "--prompt-tokens", "64", "--tokens", "16", "--repeat", "3"];

  test("--json has figures of each repetition, whose prompts were not known", async () => {
    const { code, stdout } = await runChild([...args, "--json"]);
    expect(code).toBe(0);
    const report = JSON.parse(stdout);
    expect(report).toMatchObject({ promptTokens: 64, tokens: 16, model: { backend: "native" } });
    expect(report.runs).toHaveLength(3);
    for (const run of report.runs) {
      expect(run).toMatchObject({ promptTokens: 64, completionTokens: 16 });
      // All 64 tokens were computed: the rate says so.
      expect(run.prefillTokensPerSecond).toBeCloseTo(64_000 / run.promptMs, 3);
      expect(run.forwardMs).toBeGreaterThan(0);
    }
    const rates = report.runs.map((run: { decodeTokensPerSecond: number }) => run.decodeTokensPerSecond);
    expect(report.summary.decodeTokensPerSecond).toEqual({
      median: rates.toSorted((a: number, b: number) => a - b)[1],
      min: Math.min(...rates),
      max: Math.max(...rates),
    });
  });

  test("prints a table for people", async () => {
    const { code, stdout } = await runChild(args);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^wick-demo\.Q8_0 \(qwen3, Q8_0, cpu/);
    expect(stdout).toMatch(/^reading the prompt +\d+ +\d+ to \d+ {2}tokens\/s$/m);
    expect(stdout).toMatch(/^first token after +[\d.]+ +[\d.]+ to [\d.]+ {2}ms$/m);
  });

  test("takes the middle of an even number of repetitions, too", () => {
    expect(summary([4, 1, 3, 2])).toEqual({ median: 2.5, min: 1, max: 4 });
    expect(summary([])).toBeUndefined();
  });
});

describe("wick list", () => {
  test("lists what the hub's cache has, and says where there is nothing", async () => {
    const hub = temporaryFolder();
    const empty = await runChild(["list"], { env: { HF_HUB_CACHE: hub } });
    expect(empty).toMatchObject({ code: 0, stdout: "" });
    expect(empty.stderr).toContain("No model is downloaded yet.");
    const snapshot = join(hub, "models--wick--demo/snapshots", "a".repeat(40));
    mkdirSync(snapshot, { recursive: true });
    copyFileSync(demoModel(), join(snapshot, "demo.Q8_0.gguf"));
    const { stdout } = await runChild(["list"], { env: { HF_HUB_CACHE: hub } });
    expect(stdout).toMatch(/^MODEL +FILE +SIZE +REVISION\nwick\/demo +demo\.Q8_0\.gguf +6\.\d MB +a{12}\n$/);
    const json = JSON.parse((await runChild(["ls", "--json"], { env: { HF_HUB_CACHE: hub } })).stdout);
    expect(json).toMatchObject([{ id: "wick/demo", file: "demo.Q8_0.gguf", revision: "a".repeat(40) }]);
  });
});

describe("the progress of a load", () => {
  const download = { kind: "download", file: "a/b.gguf", loadedBytes: 340e6, totalBytes: 1e9 } as const;

  test("is said with its speed and the time that remains", () => {
    expect(progressText({ ...download, bytesPerSecond: 45e6, remainingMs: 14_700 })).toBe(
      "Downloading b.gguf: 34 % of 1.0 GB, 45.0 MB/s, 15 s left",
    );
    expect(progressText({ kind: "download", file: "b", loadedBytes: 2048 })).toBe("Downloading b: 2.0 kB");
    expect(progressText({ kind: "verify", file: "b", loadedBytes: 1, totalBytes: 2 })).toBe("Checking b: 50 % of 2 B");
    expect(progressText({ kind: "weights", loadedBytes: 0, totalBytes: 0 })).toBe("Loading: 100 % of 0 B");
  });

  test("is one line of a terminal, seldom written and taken away, and nothing elsewhere", () => {
    const written = (isTTY: boolean) => {
      const stream: PassThrough & OutputStream = Object.assign(new PassThrough(), { isTTY, columns: 30 });
      let time = 0;
      const line = new ProgressLine(new TextOutput(stream, () => {}), () => time);
      for (; time < 250; time += 10) line.show({ ...download, loadedBytes: time * 1e6 });
      line.clear();
      return String(stream.read() ?? "");
    };
    expect(written(false)).toBe("");
    const shown = written(true).split("\r").slice(1);
    expect(shown).toEqual([
      "Downloading b.gguf: 0 % of 1…\u001B[K",
      "Downloading b.gguf: 10 % of …\u001B[K",
      "Downloading b.gguf: 20 % of …\u001B[K",
      "\u001B[K",
    ]);
  });
});
