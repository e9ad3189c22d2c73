const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** What takes no cell of its own: marks on other characters, joiners, and the vowels and finals of conjoining Hangul. */
const zeroWidth =
  /^(?:[\p{Mn}\p{Me}\u200B-\u200F\u2028-\u202E\u2060-\u206F\uFEFF\u1160-\u11FF\uD7B0-\uD7FB]|[\u{E0000}-\u{E0FFF}])$/u;

/** Pictures: two cells where they are shown as such, by themselves or by a selector. */
const emoji = /^(?:\p{Emoji_Presentation}|\p{Emoji}\uFE0F)/u;

/** Wide characters of Unicode 16 that are no emoji (https://www.unicode.org/Public/16.0.0/ucd/EastAsianWidth.txt). */
const wideRanges: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f],
  [0x2329, 0x232a],
  [0x2e80, 0x303e],
  [0x3041, 0x321e],
  [0x3220, 0x3247],
  [0x3250, 0xa48c],
  [0xa490, 0xa4c6],
  [0xa960, 0xa97c],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe10, 0xfe19],
  [0xfe30, 0xfe6b],
  [0xff01, 0xff60],
  [0xffe0, 0xffe6],
  [0x16fe0, 0x18d08],
  [0x1aff0, 0x1b2fb],
  [0x1d300, 0x1d376],
  [0x1f200, 0x1f265],
  [0x20000, 0x3fffd],
];

/** A character as people count them, and how many cells of a terminal it takes. */
export interface Grapheme {
  text: string;
  width: number;
}

/** The characters of a text. */
export function graphemesOf(text: string): Grapheme[] {
  if (isAscii(text)) {
    const characters: Grapheme[] = [];
    for (let index = 0; index < text.length; index += 1) characters.push({ text: text.charAt(index), width: 1 });
    return characters;
  }
  return Array.from(graphemes.segment(text), ({ segment }) => ({ text: segment, width: graphemeWidth(segment) }));
}

/** How many cells of a terminal a text takes that has neither control characters nor newlines. */
export function textWidth(text: string): number {
  if (isAscii(text)) return text.length;
  let width = 0;
  for (const { segment } of graphemes.segment(text)) width += graphemeWidth(segment);
  return width;
}

/** Where the character ends that begins at `index`. */
export function nextBoundary(text: string, index: number): number {
  for (const { index: start, segment } of graphemes.segment(text.slice(index))) return index + start + segment.length;
  return index;
}

/** Where the character begins that ends at `index`. */
export function previousBoundary(text: string, index: number): number {
  return graphemes.segment(text).containing(index - 1)?.index ?? 0;
}

function isAscii(text: string): boolean {
  return /^[\u0020-\u007E]*$/.test(text);
}

function graphemeWidth(grapheme: string): number {
  if (emoji.test(grapheme)) return 2;
  let width = 0;
  for (const character of grapheme) width += characterWidth(character);
  return width;
}

function characterWidth(character: string): number {
  if (zeroWidth.test(character)) return 0;
  const code = character.codePointAt(0) ?? 0;
  return wideRanges.some(([first, last]) => code >= first && code <= last) ? 2 : 1;
}
