import { Lexer, type Links, type Token, Tokenizer, type Tokens } from "marked";

/** Emphasis reaches so far. Each mark looks for its end, so that without a limit many marks take forever. */
const longestEmphasis = 1000;

class BoundedTokenizer extends Tokenizer {
  override emStrong(src: string, maskedSrc: string, prevChar?: string): Tokens.Em | Tokens.Strong | undefined {
    if (src.length <= longestEmphasis) return super.emStrong(src, maskedSrc, prevChar);
    // The masked source ends where the source does.
    const from = maskedSrc.length - src.length;
    return super.emStrong(src.slice(0, longestEmphasis), maskedSrc.slice(0, from + longestEmphasis), prevChar);
  }
}

/**
 * The blocks of a text that is all there, each with its raw text.
 *
 * @param links - What reference links stand for, beside the definitions in `text`.
 * @returns Nothing where the text is nested deeper than marked can go.
 */
export function lex(text: string, links: Links): readonly Token[] | undefined {
  const lexer = new Lexer({ gfm: true, tokenizer: new BoundedTokenizer() });
  Object.assign(lexer.tokens.links, links);
  try {
    return lexer.lex(text);
  } catch (error) {
    // The stack is full, or marked has met what it does not know.
    if (error instanceof Error) return undefined;
    throw error;
  }
}
