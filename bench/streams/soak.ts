import { runChild } from "../child.ts";
import type { Figure } from "../report.ts";

interface Soak {
  readonly streams: Readonly<Record<string, number>>;
  readonly stuck: number;
  readonly missingTerminals: number;
  readonly wrongTexts: number;
  readonly quietPoints: number;
  readonly liveBytes: readonly number[];
  readonly fileDescriptors: readonly number[];
}

const MINUTES = Number(process.env["WICK_SOAK_MINUTES"] ?? 30);

/** Half an hour of eight clients who cancel, stall and err. */
export function measureSoak(): Figure[] {
  const soak = runChild<Soak>(new URL("soak.child.ts", import.meta.url), [String(MINUTES)]);
  const spread = (values: readonly number[]) => Math.max(...values) - Math.min(...values);
  const ends = Object.entries(soak.streams).map(([kind, count]) => `${kind} ${count}`);
  return [
    {
      name: `soak of ${MINUTES} minutes: stuck streams`,
      value: soak.stuck,
      unit: "",
      atMost: 0,
      note: ends.join(", "),
    },
    { name: "soak: missing terminals", value: soak.missingTerminals, unit: "", atMost: 0 },
    { name: "soak: texts that differ from the same request alone", value: soak.wrongTexts, unit: "", atMost: 0 },
    {
      name: "soak: live bytes at quiet points, apart by",
      value: spread(soak.liveBytes),
      unit: "bytes",
      atMost: 0,
      note: `${soak.quietPoints} quiet points`,
    },
    { name: "soak: file descriptors, apart by", value: spread(soak.fileDescriptors), unit: "", atMost: 0 },
  ];
}
