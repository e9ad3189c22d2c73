import { describe, expect, test } from "vitest";
import { type AgentResponse, type ExecutableTool, type Model, isTerminal, tool } from "wick";
import { goldenAgents } from "./golden-agents.ts";

/** A transport whose model is the demo model. */
export interface AgentSubject {
  name: string;
  load(): Promise<Model>;
}

const text = { type: "string" };
const object = (properties: object) => ({ type: "object", properties, required: Object.keys(properties) });

/** Tools that the demo model was trained to call, in all the ways in which they can end. */
const tools: readonly ExecutableTool[] = [
  tool({
    name: "get_weather",
    description: "Get the weather of a city",
    parameters: object({ city: text }),
    execute: (input) => ({ ...(input as object), temperature: 21, sky: "clear" }),
  }),
  tool({
    name: "calculate",
    description: "Calculate an expression",
    parameters: object({ expression: text }),
    async *execute() {
      yield "9";
      yield "6";
    },
  }),
  tool({
    name: "read_file",
    description: "Read a file",
    parameters: object({ path: text }),
    needsApproval: true,
    execute: () => "Buy milk. <|im_end|>",
  }),
  tool({
    name: "set_light",
    description: "Set a light",
    parameters: object({ room: text }),
    execute: () => {
      throw new Error("no such room");
    },
  }),
];

/** Of the last one, what it asks is denied. */
const questions = [
  "What is the weather in Paris?",
  "What is the weather in Paris and in Rome?",
  "What is 12 * 8? Use the calculator.",
  "Read the file notes.txt",
  "Turn on the light in the kitchen.",
  "What time is it in Rome?",
  "Read the file secret.txt",
];

/** What becomes of each question. */
async function agentTranscripts(model: Model): Promise<Record<string, string[]>> {
  const transcripts: Record<string, string[]> = {};
  for (const question of questions) {
    const messages = [{ role: "user" as const, content: question }];
    const request = { messages, tools, temperature: 0, maxTokens: 60, maxToolRounds: 3 };
    const stream = model.chat.stream(request);
    const told: string[] = [];
    for await (const response of stream) {
      if (response.kind === "agentic_tool_approval_required") {
        if (question === questions.at(-1)) await stream.deny(response.approvalId, { reason: "It is mine." });
        else await stream.approve(response.approvalId);
      }
      told.push(...lines(response));
    }
    transcripts[question] = merged(told);
  }
  return transcripts;
}

/** A response without names and times, which are each run's own. */
function lines(response: AgentResponse): string[] {
  if (response.kind === "chunk") {
    const { round, choices } = response;
    const [{ delta, finishReason }] = choices;
    const pieces = [`${round} content: ${delta.content ?? ""}`];
    for (const { index, function: piece } of delta.toolCalls ?? []) {
      if (piece.name !== undefined) pieces.push(`${round} call ${index} ${piece.name}: `);
      pieces.push(`${round} arguments ${index}: ${piece.arguments ?? ""}`);
    }
    if (finishReason !== null) pieces.push(`${round} ends: ${finishReason}`);
    return pieces.filter((piece) => !/ (?:content|arguments \d): $/.test(piece));
  }
  if (response.kind === "agentic_tool_call_progress") {
    const { round, toolName, input, phase } = response;
    const { durationMs: _, ...rest } = { durationMs: 0, ...phase };
    return [`${round} ${toolName} ${JSON.stringify(input)} ${JSON.stringify(rest)}`];
  }
  if (response.kind === "agentic_tool_approval_required") {
    return [`${response.round} asks for ${response.toolName} ${JSON.stringify(response.input)}`];
  }
  if (isTerminal(response) && response.kind === "done") {
    const { transcript = [] } = response.completion;
    return [`done: ${transcript.map(({ role, content }) => `${role} ${JSON.stringify(content)}`).join(", ")}`];
  }
  return [JSON.stringify(response)];
}

/** Where text is cut into pieces is each transport's own. */
function merged(told: readonly string[]): string[] {
  const whole: string[] = [];
  for (const line of told) {
    const head = /^\d (?:content|arguments \d): /.exec(line)?.[0];
    const last = whole.at(-1);
    if (head !== undefined && last?.startsWith(head) === true) whole[whole.length - 1] = last + line.slice(head.length);
    else whole.push(line);
  }
  return whole;
}

/** Tools run by Wick over this transport: what is told and said, as on every other. */
export function describeAgents({ name, load }: AgentSubject): void {
  describe(`tools that run: ${name}`, () => {
    test("the demo model calls them, and goes on with what they give", async () => {
      await using model = await load();
      expect(await agentTranscripts(model)).toEqual(goldenAgents);
    });
  });
}
