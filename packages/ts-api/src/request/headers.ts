import { invalidRequest } from "../error/refusal.js";

/**
 * Refuses headers that cannot be sent.
 *
 * @throws {@link WickError} `invalid_request` at `where`, which does not repeat them.
 */
export function checkHeaders(headers: unknown, where: string): void {
  const isPlain = typeof headers === "object" && headers !== null && !Array.isArray(headers);
  if (!isPlain) throw invalidRequest(where, `${where} must be an object of strings.`);
  const checked = new Headers();
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value !== "string") throw invalidRequest(where, `${where} must be an object of strings.`);
    try {
      checked.set(name, value);
    } catch {
      // The runtime's own words repeat the value, which may be a key.
      throw invalidRequest(where, `${where} has a name or a value that no header can hold.`);
    }
  }
}
