import { runChild } from "../child.ts";
import { median, type Figure } from "../report.ts";

const runs = 9;

interface ColdStart {
  readonly import: number;
  readonly load: number;
  readonly firstToken: number;
  readonly total: number;
}

/** Fresh processes, after one that warms the page cache. */
export function measureColdStart(): Figure[] {
  const module = new URL("cold-start.child.ts", import.meta.url);
  runChild(module);
  const starts = Array.from({ length: runs }, () => runChild<ColdStart>(module));
  const part = (key: keyof ColdStart) => median(starts.map((start) => start[key]));
  const note = `import ${part("import").toFixed(0)} + load ${part("load").toFixed(0)} + first token ${part("firstToken").toFixed(0)}; median of ${runs}`;
  return [{ name: "demo model: import to first token", value: part("total"), unit: "ms", atMost: 150, note }];
}
