import { unsupportedFunctionality } from "../error/sdk-error.js";

/** Content of a file: where it is, its bytes, or its text. */
export type FileContent =
  | { kind: "url"; url: string }
  | { kind: "base64"; base64: string }
  | { kind: "text"; text: string };

/** Bytes that are turned into characters at once: arguments of one call, of which there is a limit. */
const sliceBytes = 0x8000;

/**
 * Reads what the SDK calls data: bytes, base64 or an address, and what `ai` 7 has beside those.
 *
 * @throws `UnsupportedFunctionalityError` for a file that lies at some other provider.
 */
export function fileContent(data: unknown): FileContent {
  if (data instanceof URL) return urlContent(data.href);
  if (data instanceof Uint8Array) return { kind: "base64", base64: base64Of(data) };
  if (typeof data === "string") {
    return /^(?:data|https?):/.test(data) ? urlContent(data) : { kind: "base64", base64: data };
  }
  const { type, text, url, data: inner } = Object(data) as Record<string, unknown>;
  if (type === "text" && typeof text === "string") return { kind: "text", text };
  if (type === "url") return fileContent(url);
  if (type === "data") return fileContent(inner);
  throw unsupportedFunctionality(
    "file references",
    "A file that was uploaded to some provider cannot be given to a model of Wick; pass its bytes or its URL.",
  );
}

/** The file as one address. */
export function fileUrl(content: FileContent, mediaType: string): string {
  switch (content.kind) {
    case "url":
      return content.url;
    case "base64":
      return `data:${mediaType};base64,${content.base64}`;
    case "text":
      return `data:${mediaType};base64,${base64Of(new TextEncoder().encode(content.text))}`;
  }
}

/** The text of a text file; undefined: it is elsewhere. */
export function fileText(content: FileContent): string | undefined {
  switch (content.kind) {
    case "url":
      return undefined;
    case "base64":
      return new TextDecoder().decode(bytesOf(content.base64));
    case "text":
      return content.text;
  }
}

/** An address may be the file itself. */
function urlContent(url: string): FileContent {
  const comma = url.startsWith("data:") ? url.indexOf(",") : -1;
  if (comma < 0 || !url.slice(0, comma).endsWith(";base64")) return { kind: "url", url };
  return { kind: "base64", base64: url.slice(comma + 1) };
}

function bytesOf(base64: string): Uint8Array {
  try {
    return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  } catch {
    throw unsupportedFunctionality("file data", "The data of a file is no base64; pass its bytes or its URL.");
  }
}

function base64Of(bytes: Uint8Array): string {
  let characters = "";
  for (let at = 0; at < bytes.length; at += sliceBytes) {
    characters += String.fromCharCode(...bytes.subarray(at, at + sliceBytes));
  }
  return btoa(characters);
}
