/** Names that are not ours in another spelling. */
const renamed: Readonly<Record<string, string>> = {
  randomSeed: "seed",
  inputs: "input",
  "responseFormat.jsonSchema.schemaDefinition": "response_format.json_schema.schema",
  "reasoning.effort": "reasoning_effort",
  "reasoning.maxTokens": "reasoning_max_tokens",
};

/** A path of Wick's request, `messages[2].toolCalls`, as a body has it: `messages[2].tool_calls`. */
export function wirePath(path: string): string {
  const longest = Object.keys(renamed)
    .filter((name) => path === name || path.startsWith(`${name}.`) || path.startsWith(`${name}[`))
    .toSorted((a, b) => b.length - a.length)
    .at(0);
  if (longest !== undefined) return `${renamed[longest]}${path.slice(longest.length)}`;
  // What a program calls its own tools and variables is its own spelling.
  const ours = /^(?:chatTemplateKwargs|logitBias|tools\[\d+\]\.function\.parameters)\b/.exec(path)?.[0];
  if (ours !== undefined) return `${snake(ours)}${path.slice(ours.length)}`;
  return snake(path);
}

/** Names of fields of more than one word, as the engine's messages have them. */
const names = new RegExp(
  String.raw`\b(?:topP|topK|minP|maxTokens|randomSeed|minTokens|ignoreEos|frequencyPenalty|presencePenalty|repetitionPenalty|logitBias|topLogprobs|allowedLength|sequenceBreakers|toolChoice|toolCalls|toolCallId|parallelToolCalls|maxToolRounds|responseFormat|jsonSchema|schemaDefinition|safePrompt|chatTemplateKwargs|promptProgress|reasoningContent|imageUrl|inputAudio|documentUrl|inputs)\b`,
  "g",
);

/** A message of the engine, with its names as a body has them. */
export function wireWords(message: string): string {
  return message.replaceAll(names, (name) => wirePath(name));
}

function snake(text: string): string {
  return text.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
