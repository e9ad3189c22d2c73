/** A chat that the demo model knows the answer of. */
export const capital = {
  messages: [{ role: "user", content: "What is the capital of France?" }],
  temperature: 0,
  max_tokens: 40,
};

/** What it says. */
export const capitalAnswer = "The capital of France is Paris.";

/** A chat that goes on for as long as it may, with sampling, so that the slightest difference shows. */
export const story = {
  messages: [{ role: "user", content: "Tell me a story." }],
  temperature: 1,
  seed: 4,
  max_tokens: 80,
  ignore_eos: true,
};

/** One that does not end before its reader leaves. */
export const endless = { ...story, max_tokens: 1900 };

/** A tool as OpenAI has it. */
export const weather = {
  type: "function",
  function: {
    name: "get_weather",
    description: "Get the weather of a city",
    parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
  },
};
