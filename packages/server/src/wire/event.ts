/** A server-sent event with a name, which is also the `type` of its data. */
export function namedEvent(event: { type: string } & Readonly<Record<string, unknown>>): string {
  return `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
}
