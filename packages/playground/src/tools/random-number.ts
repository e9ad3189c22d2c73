import type { JsonSchema, ToolDefinition } from "wick/remote";

export const randomNumber = {
  name: "random_number",
  description: "A whole number drawn by chance, from min to max, both included",
  parameters: {
    type: "object",
    properties: { min: { type: "integer" }, max: { type: "integer" } },
    required: ["min", "max"],
    additionalProperties: false,
  },
  execute: (input) => {
    const { min, max } = input as { min: number; max: number };
    if (max < min) throw new Error("max must not be below min");
    return min + Math.floor(Math.random() * (max - min + 1));
  },
} satisfies ToolDefinition<JsonSchema>;
