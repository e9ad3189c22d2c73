import { createInterface } from "node:readline/promises";
import { demoModel } from "@wick/demo-model";
import { type ToolProgressResponse, Model, assertNever, tool } from "wick";

// A model that uses two tools: `npm run example -- agent "What is the weather in Paris?"`. The second one asks before it runs.
const [path, ...words] = process.argv.slice(2);
const isPath = path !== undefined && /[/\\]|\.gguf$/.test(path);
const question = (isPath ? words : process.argv.slice(2)).join(" ") || "What is the weather in Paris?";

const weather = tool({
  name: "get_weather",
  description: "Get the weather of a city",
  parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
  // The signal fires when the stream is left, or the tool's time is up: hand it on to fetch.
  execute: async (input, { signal }) => {
    signal.throwIfAborted();
    return { ...(input as { city: string }), temperature: 21, sky: "clear" };
  },
});
const readFile = tool({
  name: "read_file",
  description: "Read a file",
  parameters: { type: "object", properties: { path: { type: "string" } }, required: ["path"] },
  needsApproval: true,
  execute: () => "Buy milk.",
});

await using model = await Model.load(isPath ? path : demoModel());
const stream = model.chat.stream({
  messages: [{ role: "user", content: question }],
  tools: [weather, readFile],
  maxToolRounds: 3,
  maxTokens: 200,
  temperature: 0,
});
for await (const response of stream) {
  switch (response.kind) {
    case "chunk":
      process.stdout.write(response.choices[0].delta.content ?? "");
      break;
    case "agentic_tool_call_progress":
      console.error(`[${response.toolName} ${JSON.stringify(response.input)} ${said(response)}]`);
      break;
    case "agentic_tool_approval_required":
      if (await isAllowed(`${response.toolName} ${JSON.stringify(response.input)}`)) {
        await stream.approve(response.approvalId, { remember: true });
      } else await stream.deny(response.approvalId, { reason: "The user said no." });
      break;
    case "done":
      console.log(`\n${response.completion.usage?.totalTokens} tokens in all rounds`);
      break;
    case "cancelled":
      break;
    case "validation_error":
    case "model_error":
    case "internal_error":
      console.error(`\n${response.error.code}: ${response.error.message}`);
      process.exitCode = 1;
      break;
    default:
      assertNever(response);
  }
}

function said({ phase }: ToolProgressResponse): string {
  switch (phase.kind) {
    case "calling":
      return "…";
    case "output":
      return phase.delta;
    case "complete":
      return `gave ${phase.output}`;
    case "failed":
      return `failed: ${phase.error.message}`;
    case "denied":
      return `was denied: ${phase.reason ?? ""}`;
    default:
      return assertNever(phase);
  }
}

/** Asks at the terminal; where there is none, nobody could answer. */
async function isAllowed(what: string): Promise<boolean> {
  if (!process.stdin.isTTY) return false;
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await terminal.question(`Allow ${what}? [y/N] `);
  terminal.close();
  return /^y/i.test(answer);
}
