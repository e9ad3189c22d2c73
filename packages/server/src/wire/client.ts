/** What an answer is written for. */
export type ClientKind = "openai" | "mistral";

/** Who asks, by what its library calls itself: the two want thoughts and tool calls in different forms. */
export function clientOf(headers: Headers): ClientKind {
  const agent = `${headers.get("user-agent") ?? ""} ${headers.get("x-mistral-user-agent") ?? ""}`;
  return /\bmistral-client-/.test(agent) ? "mistral" : "openai";
}
