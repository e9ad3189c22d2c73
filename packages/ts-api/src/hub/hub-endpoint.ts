import { invalidRequest } from "../error/refusal.js";

/** The Hugging Face hub. */
export const hubEndpoint = "https://huggingface.co";

/**
 * The address of a hub.
 *
 * @throws {@link WickError} `invalid_request`.
 */
export function endpointOf(given: string): URL {
  if (URL.canParse(given) && /^https?:$/.test(new URL(given).protocol)) return new URL(given);
  throw invalidRequest("options.hub.endpoint", `"${given}" is no http or https address of a hub.`);
}
