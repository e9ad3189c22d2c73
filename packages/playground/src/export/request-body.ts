import { type AgentRequest, type JsonObject, Model, WickError } from "wick/remote";

/**
 * What Wick sends for a request: asked of Wick itself, whose one call is not answered, so that there is no second table of the
 * wire's names.
 *
 * @throws WickError for a request that cannot be sent.
 */
export async function requestBody(request: AgentRequest, model: string): Promise<JsonObject> {
  let sent: string | undefined;
  const fetch: typeof globalThis.fetch = async (_, init) => {
    sent = String(init?.body);
    return new Response(null, { status: 400 });
  };
  const asked = Model.connect({ provider: "wick", baseURL: "http://localhost", model, fetch });
  for await (const response of asked.chat.stream(request)) {
    if (response.kind === "validation_error" && sent === undefined) throw new WickError(response.error);
  }
  if (sent === undefined) throw new WickError({ code: "internal", message: "Nothing was sent.", retryable: false });
  return JSON.parse(sent) as JsonObject;
}
