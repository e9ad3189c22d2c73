import type { TokenLogprob } from "../../generated/protocol.js";
import { type JsonRecord, isRecord } from "./json.js";

/** Where the host does not say the id of a token. */
const unknownId = -1;

/**
 * Logprobs as OpenAI's hosts write them: those of a chat in a list under `content`, those of raw text in lists beside each other;
 * mistral.rs writes one alone.
 */
export function logprobsOf(value: unknown): TokenLogprob[] | undefined {
  if (!isRecord(value)) return undefined;
  if (Array.isArray(value["tokens"])) return beside(value["tokens"], value);
  const tokens = Array.isArray(value["content"]) ? value["content"] : [value];
  const read = tokens.filter(isRecord).filter((token) => typeof token["logprob"] === "number");
  return read.length === 0 ? undefined : read.map(tokenOf);
}

function tokenOf(token: JsonRecord): TokenLogprob {
  const { bytes, top_logprobs: top } = token;
  return {
    ...pairOf(token),
    ...(Array.isArray(bytes) && { bytes }),
    ...(Array.isArray(top) && top.length > 0 && { top: top.filter(isRecord).map(pairOf) }),
  };
}

function pairOf({ token, id, logprob }: JsonRecord): { token: string; id: number; logprob: number } {
  const known = typeof id === "number" ? id : typeof token === "number" ? token : unknownId;
  return { token: String(token ?? ""), id: known, logprob: Number(logprob) };
}

function beside(
  tokens: readonly unknown[],
  { token_logprobs: logprobs, top_logprobs: tops }: JsonRecord,
): TokenLogprob[] {
  return tokens.flatMap((token, at): TokenLogprob[] => {
    const logprob: unknown = Array.isArray(logprobs) ? logprobs[at] : undefined;
    // The first token of an echoed prompt has none.
    if (typeof token !== "string" || typeof logprob !== "number") return [];
    const top: unknown = Array.isArray(tops) ? tops[at] : undefined;
    const others = Object.entries(isRecord(top) ? top : {}).map(([name, value]) =>
      pairOf({ token: name, logprob: value }),
    );
    return [{ token, id: unknownId, logprob, ...(others.length > 0 && { top: others }) }];
  });
}
