import { invalidRequest } from "../error/refusal.js";

/**
 * Refuses headers that cannot be sent.
 *
 * @throws {@link WickError} `invalid_request` at `where`, which does not repeat them.
 */
export function checkHeaders(headers: unknown, where: string): void {
  const isPlain = typeof headers === "object" && headers !== null && !Array.isArray(headers);
  if (!isPlain || !Object.values(headers).every((value) => typeof value === "string")) {
    throw invalidRequest(where, `${where} must be an object of strings.`);
  }
  try {
    new Headers(headers as Record<string, string>);
  } catch {
    // The runtime's own words repeat the value, which may be a key.
    throw invalidRequest(where, `${where} has a name or a value that no header can hold.`);
  }
}
