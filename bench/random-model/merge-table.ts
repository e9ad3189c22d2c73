/** A byte-level BPE vocabulary of full size in which every token is the encoding of some text. */
export interface MergeTable {
  /** Spelled in GPT-2's byte alphabet; ids are the indices. */
  readonly tokens: readonly string[];
  /** `"left right"`, by rank. */
  readonly merges: readonly string[];
}

const LETTERS = [..."abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"];

/** GPT-2's byte alphabet: printable bytes stand for themselves, the others for code points from 256 up. */
function byteAlphabet(): string[] {
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => {
    const printable = (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
    return String.fromCodePoint(printable ? byte : next++);
  });
}

/**
 * Builds `size` tokens: bytes, all pairs of letters, then words of four letters.
 *
 * The word `abcd` is reachable iff BPE does not start in its middle: the merge `bc` must not rank first among `ab`, `bc`, `cd`. Only such words are taken, so
 * that encoding meets as many distinct tokens as a real vocabulary of this size has.
 */
export function mergeTable(size: number): MergeTable {
  const tokens = byteAlphabet();
  const merges: string[] = [];
  const rank = new Map<string, number>();
  for (const first of LETTERS) {
    for (const second of LETTERS) {
      rank.set(first + second, merges.length);
      merges.push(`${first} ${second}`);
      tokens.push(first + second);
    }
  }
  const pairs = [...rank.keys()];
  // A stride coprime to the number of pairs walks through all combinations without favouring one first letter.
  const stride = 1_009;
  for (let step = 0; tokens.length < size; step++) {
    const left = pairs[step % pairs.length] ?? "";
    const right = pairs[(step * stride + Math.floor(step / pairs.length)) % pairs.length] ?? "";
    const middle = rank.get(left.charAt(1) + right.charAt(0)) ?? 0;
    const sides = Math.min(rank.get(left) ?? 0, rank.get(right) ?? 0);
    if (sides >= middle || rank.has(left + right)) continue;
    rank.set(left + right, merges.length);
    merges.push(`${left} ${right}`);
    tokens.push(left + right);
  }
  return { tokens, merges };
}
