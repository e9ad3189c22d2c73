import type { ComponentChild, VNode } from "preact";
import { useRef } from "preact/hooks";
import type { Block } from "./block.js";
import { blockNode } from "./block-node.js";

/** Blocks that are drawn as one. */
const groupSize = 32;

/** What settled blocks draw: each once, since a node that is the same one is not looked at again. */
class SettledNodes {
  readonly of: readonly Block[];
  readonly #nodes: ComponentChild[] = [];
  readonly #groups: VNode[] = [];

  constructor(settled: readonly Block[]) {
    this.of = settled;
  }

  /** Takes in the blocks that were settled since. */
  update(): { groups: readonly VNode[]; rest: readonly ComponentChild[] } {
    for (let at = this.#nodes.length; at < this.of.length; at += 1) {
      const block = this.of[at];
      if (block !== undefined) this.#nodes.push(blockNode(block, at));
    }
    for (let from = this.#groups.length * groupSize; from + groupSize <= this.#nodes.length; from += groupSize) {
      this.#groups.push(group(from, this.#nodes.slice(from, from + groupSize)));
    }
    return { groups: this.#groups, rest: this.#nodes.slice(this.#groups.length * groupSize) };
  }
}

/**
 * A model's text.
 *
 * @param version - Another one where there may be more blocks; a view with the same props is not drawn again.
 */
export function MarkdownView({
  settled,
  open,
}: {
  settled: readonly Block[];
  open: readonly Block[];
  version: number;
}) {
  const known = useRef(new SettledNodes(settled));
  if (known.current.of !== settled) known.current = new SettledNodes(settled);
  const { groups, rest } = known.current.update();
  const end = [...rest, ...open.map((block, index) => blockNode(block, settled.length + index))];
  return (
    <div class="markdown" dir="auto">
      {groups}
      {end.length > 0 && group(groups.length * groupSize, end)}
    </div>
  );
}

function group(from: number, nodes: ComponentChild[]): VNode {
  return (
    <div key={from} class="blocks">
      {nodes}
    </div>
  );
}
