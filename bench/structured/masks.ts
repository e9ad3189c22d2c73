import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { tiktokenRanks } from "../peers/setup.ts";
import type { Figure } from "../report.ts";
import { runRustExample } from "../rust-example.ts";
import { cases, order } from "./cases.ts";

interface Measured {
  readonly vocabulary: number;
  readonly vocabularyMs: number;
  readonly firstUses: readonly { name: string; ms: number }[];
  readonly masks: number;
  readonly meanUs: number;
  readonly p99Us: number;
  readonly p999Us: number;
  readonly maxUs: number;
  readonly forced: number;
  readonly drawn: number;
}

/** A vocabulary that models have: the first of o200k's tokens. */
const vocabularySize = 150_000;

/** Grammars over a large vocabulary, on one thread and without a model. */
export async function measureMasks(): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), "wick-masks-"));
  try {
    const tokens = (await tiktokenRanks("o200k_base")).slice(0, vocabularySize);
    const files = ["tokens", "cases.json"].map((name) => join(folder, name));
    writeFileSync(files[0] ?? "", Buffer.concat(tokens.flatMap((token) => [u32(token.length), token])));
    const written = cases.map(({ name, schema, value }) => ({ name, schema, text: spaced(value) }));
    writeFileSync(files[1] ?? "", JSON.stringify(written));
    const measured = JSON.parse(runRustExample("wick-core", "masks", ["--", ...files])) as Measured;
    return figuresOf(measured);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function figuresOf(measured: Measured): Figure[] {
  const of = `vocabulary of ${measured.vocabulary.toLocaleString("en")}`;
  const note = `${measured.masks} masks; ${measured.forced} of ${measured.forced + measured.drawn} tokens had to come`;
  const bytes = JSON.stringify(order.schema).length;
  const first = measured.firstUses.find(({ name }) => name === order.name);
  const others = measured.firstUses.filter(({ name }) => name !== order.name);
  return [
    { name: `a mask, ${of}: thread CPU time, mean`, value: measured.meanUs, unit: "µs", atMost: 100, note },
    {
      name: `a mask, ${of}: thread CPU time, p99.9`,
      value: measured.p999Us / 1e3,
      unit: "ms",
      atMost: 2,
      note: `p99 ${measured.p99Us.toFixed(0)} µs, longest ${measured.maxUs.toFixed(0)} µs`,
    },
    {
      name: `first use of a schema of ${bytes} bytes, ${of}`,
      value: first?.ms ?? Number.NaN,
      unit: "ms",
      atMost: 20,
      note: `others: ${others.map(({ name, ms }) => `${name} ${ms.toFixed(1)} ms`).join(", ")}`,
    },
    { name: `the first grammar of a model, ${of}`, value: measured.vocabularyMs, unit: "ms" },
  ];
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

/** JSON as answers are written: on one line, a space behind `,` and `:`. */
function spaced(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(spaced).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const fields = Object.entries(value).map(([name, field]) => `${JSON.stringify(name)}: ${spaced(field)}`);
  return `{${fields.join(", ")}}`;
}
