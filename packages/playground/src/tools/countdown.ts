import type { JsonSchema, ToolDefinition } from "wick/remote";

export const countdown = {
  name: "countdown",
  description: "Counts down aloud, a number each second",
  parameters: {
    type: "object",
    properties: { from: { type: "integer", minimum: 1, maximum: 30 } },
    required: ["from"],
    additionalProperties: false,
  },
  async *execute(input, { signal }) {
    const { from } = input as { from: number };
    for (let number = from; number > 0; number -= 1) {
      yield `${number}… `;
      await new Promise((resolve) => setTimeout(resolve, 1000));
      signal.throwIfAborted();
    }
    yield "Done.";
  },
} satisfies ToolDefinition<JsonSchema>;
