import type { JsonSchema, ToolDefinition } from "wick/remote";

export const currentTime = {
  name: "current_time",
  description: "The date and the time now, in a time zone of the IANA database, or where the user is",
  parameters: {
    type: "object",
    properties: { timeZone: { type: "string", description: "Such as Europe/Paris" } },
    additionalProperties: false,
  },
  execute: (input) => {
    const { timeZone } = input as { timeZone?: string };
    const format = new Intl.DateTimeFormat("en-GB", { dateStyle: "full", timeStyle: "long", timeZone });
    return format.format(new Date());
  },
} satisfies ToolDefinition<JsonSchema>;
