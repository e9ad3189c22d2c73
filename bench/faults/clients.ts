import { pathToFileURL } from "node:url";
import { Model, WickError } from "wick/remote";
import { VERSIONS, npmPackage } from "../peers/setup.ts";

/** What a client reports of a stream. */
export interface Report {
  text: string;
  calls: number;
  /** How it failed; undefined: it calls it a success. */
  failure: string | undefined;
}

/** A client with a host's address. */
export interface Client {
  name: string;
  stream(url: string): Promise<Report>;
}

const prompt = [{ role: "user" as const, content: "Hi" }];

const wick: Client = {
  name: "Wick",
  async stream(url) {
    const model = Model.connect({ provider: "openai", model: "m", baseURL: url, apiKey: "key" });
    try {
      const { choices } = await model.chat.complete({ messages: prompt });
      const { content, toolCalls = [] } = choices[0].message;
      return { text: content, calls: toolCalls.length, failure: undefined };
    } catch (error) {
      if (!WickError.isInstance(error)) throw error;
      const { code, upstream } = error.info;
      return {
        text: error.partialText,
        calls: 0,
        failure: `\`${code}\`${upstream?.message === undefined ? "" : `: ${upstream.message}`}`,
      };
    }
  },
};

/** The others, as npm installs them; their types are not ours to know. */
export async function clients(): Promise<Client[]> {
  const load = async (name: Parameters<typeof npmPackage>[0], file: string): Promise<unknown> =>
    import(pathToFileURL(npmPackage(name, file)).href);
  const { Mistral } = (await load("@mistralai/mistralai", "esm/index.js")) as { Mistral: MistralClass };
  const { OpenAI } = (await load("openai", "index.mjs")) as { OpenAI: OpenaiClass };
  const { streamText } = (await load("ai", "dist/index.js")) as { streamText: StreamText };
  const { createOpenAICompatible } = (await load("@ai-sdk/openai-compatible", "dist/index.js")) as {
    createOpenAICompatible: CreateProvider;
  };
  return [wick, mistral(Mistral), openai(OpenAI), aiSdk(streamText, createOpenAICompatible)];
}

type MistralClass = new (options: object) => {
  chat: { stream(request: object): Promise<AsyncIterable<{ data: Chunk }>> };
};
type OpenaiClass = new (options: object) => {
  chat: { completions: { create(request: object): Promise<AsyncIterable<Chunk>> } };
};
type StreamText = (options: object) => { fullStream: AsyncIterable<Part> };
type CreateProvider = (options: object) => (model: string) => unknown;
interface Part {
  type: string;
  text?: string;
  error?: unknown;
}

interface Chunk {
  choices?: { delta?: { content?: unknown; tool_calls?: Call[]; toolCalls?: Call[] } }[];
}
interface Call {
  index?: number;
}

function mistral(Mistral: MistralClass): Client {
  return {
    name: `@mistralai/mistralai ${VERSIONS["@mistralai/mistralai"]}`,
    stream: (url) =>
      reported(async (add) => {
        const client = new Mistral({ apiKey: "key", serverURL: url });
        for await (const { data } of await client.chat.stream({ model: "m", messages: prompt })) add(data);
      }),
  };
}

function openai(OpenAI: OpenaiClass): Client {
  return {
    name: `openai ${VERSIONS.openai}`,
    stream: (url) =>
      reported(async (add) => {
        const client = new OpenAI({ apiKey: "key", baseURL: `${url}/v1` });
        for await (const chunk of await client.chat.completions.create({ model: "m", messages: prompt, stream: true }))
          add(chunk);
      }),
  };
}

function aiSdk(streamText: StreamText, createOpenAICompatible: CreateProvider): Client {
  return {
    name: `ai ${VERSIONS.ai}`,
    stream: (url) =>
      reported(async (add) => {
        const provider = createOpenAICompatible({ name: "host", apiKey: "key", baseURL: `${url}/v1` });
        const { fullStream } = streamText({ model: provider("m"), messages: prompt, onError: () => {} });
        let failure: unknown;
        let finish = "";
        for await (const part of fullStream) {
          if (part.type === "text-delta") add({ choices: [{ delta: { content: part.text } }] });
          else if (part.type === "tool-call") add({ choices: [{ delta: { tool_calls: [{}] } }] });
          else if (part.type === "error") failure = part.error;
          else if (part.type === "finish") finish = String(Reflect.get(part, "finishReason"));
        }
        if (failure !== undefined) throw failure;
        if (finish === "error") throw new Error("finish reason error");
      }),
  };
}

/** What comes of reading; each whole call counts, fragments by their number. */
async function reported(read: (add: (chunk: Chunk) => void) => Promise<void>): Promise<Report> {
  let text = "";
  const numbers = new Set<number>();
  let unnumbered = 0;
  const add = ({ choices }: Chunk) => {
    const delta = choices?.[0]?.delta;
    if (typeof delta?.content === "string") text += delta.content;
    for (const { index } of delta?.tool_calls ?? delta?.toolCalls ?? []) {
      if (index === undefined) unnumbered += 1;
      else numbers.add(index);
    }
  };
  try {
    await read(add);
    return { text, calls: numbers.size + unnumbered, failure: undefined };
  } catch (error) {
    const { name, message } = error instanceof Error ? error : { name: typeof error, message: JSON.stringify(error) };
    const known = error instanceof Error && error.constructor.name !== "Error" ? error.constructor.name : name;
    return { text, calls: numbers.size, failure: `\`${known}\`: ${message}` };
  }
}
