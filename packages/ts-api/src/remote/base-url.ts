import { invalidRequest } from "../error/refusal.js";

/**
 * The address that paths of the API are put behind. Hosts are given with their version (`…/v1`, `…/v1beta/openai`) or without, which
 * is then 1.
 *
 * @throws {@link WickError} `invalid_request` at `where`.
 */
export function baseUrl(given: string, where: string): URL {
  if (!URL.canParse(given)) throw invalidRequest(where, `${where} is no URL; write it like "https://host/v1".`);
  const url = new URL(given);
  if (url.protocol !== "https:" && url.protocol !== "http:") {
    throw invalidRequest(where, `${where} must be an http or https address.`);
  }
  if (url.username !== "" || url.password !== "") {
    throw invalidRequest(where, `${where} cannot hold a name or a password; use apiKey or extraHeaders.`);
  }
  const path = url.pathname.replace(/\/+$/, "");
  const hasVersion = path.split("/").some((part) => /^v\d/.test(part));
  url.pathname = hasVersion ? path : `${path}/v1`;
  url.hash = "";
  return url;
}

/** An address below a base; its query stays. */
export function endpoint(base: URL, path: string): URL {
  const url = new URL(base);
  url.pathname += path;
  return url;
}
