import { Failure, invalid } from "../error/failure.js";
import type { Limits } from "../limits.js";
import { faultOfJson } from "./json-shape.js";

/**
 * The body of a request as JSON.
 *
 * @throws {Failure} `invalid_request` or `too_large`, with nothing of the body in it.
 */
export async function readJson(request: Request, limits: Limits): Promise<unknown> {
  checkHeaders(request.headers, limits);
  const bytes = await readBytes(request, limits);
  const text = decode(bytes);
  if (text === "") throw invalid("body", "The body is empty: send a JSON object.");
  const value = parse(text);
  const fault = faultOfJson(text, { depth: limits.jsonDepth, fields: limits.jsonFields });
  if (fault !== undefined) {
    throw new Failure({
      code: "invalid_request",
      message: fault.message,
      where: "body",
      retryable: false,
      details: { reason: fault.reason },
    });
  }
  return value;
}

function checkHeaders(headers: Headers, { bodyBytes }: Limits): void {
  const type = headers.get("content-type") ?? "";
  // No form of a foreign page can send this without asking first.
  if (!/^application\/(?:[\w.+-]+\+)?json\s*(?:;\s*charset\s*=\s*"?utf-?8"?\s*)?$/i.test(type)) {
    throw invalid("headers.content-type", "Send JSON, with the header content-type: application/json.", 415);
  }
  const encoding = headers.get("content-encoding") ?? "identity";
  if (encoding !== "identity") {
    throw invalid("headers.content-encoding", "Send the body as it is, without content-encoding.", 415);
  }
  const length = headers.get("content-length");
  if (length !== null && Number(length) > bodyBytes) throw tooLarge(bodyBytes);
}

/** Reads no further than the limit. */
async function readBytes(request: Request, { bodyBytes, bodyMs }: Limits): Promise<Uint8Array> {
  if (request.body === null) return new Uint8Array();
  const reader = request.body.getReader();
  const pieces: Uint8Array[] = [];
  let length = 0;
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    reader.cancel().catch(() => {});
  }, bodyMs);
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (isLate) throw slow(bodyMs);
      if (done) return concat(pieces, length);
      length += value.byteLength;
      if (length > bodyBytes) {
        reader.cancel().catch(() => {});
        throw tooLarge(bodyBytes);
      }
      pieces.push(value);
    }
  } catch (error) {
    if (error instanceof Failure) throw error;
    // Chunks that are none, or a client that went away.
    throw invalid("body", "The body ended before it was whole.");
  } finally {
    clearTimeout(timer);
  }
}

function concat(pieces: readonly Uint8Array[], length: number): Uint8Array {
  const [only] = pieces;
  if (pieces.length === 1 && only !== undefined) return only;
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.byteLength;
  }
  return bytes;
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw invalid("body", "The body is not UTF-8.");
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // What JSON.parse says quotes the text.
    throw invalid("body", "The body is not JSON.");
  }
}

function tooLarge(max: number): Failure {
  return new Failure({
    code: "too_large",
    message: `A body has at most ${max} bytes.`,
    where: "body",
    retryable: false,
    details: { max },
  });
}

function slow(ms: number): Failure {
  const message = `The body did not arrive within ${ms / 1000} s.`;
  return new Failure({ code: "timeout", message, where: "body", retryable: true }, { status: 408 });
}
