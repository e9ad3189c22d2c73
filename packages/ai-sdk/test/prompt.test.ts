import { describe, expect, test } from "vitest";
import type { LanguageModelV3CallOptions, LanguageModelV3Prompt } from "@ai-sdk/provider";
import { InvalidArgumentError, InvalidPromptError, UnsupportedFunctionalityError } from "@ai-sdk/provider";
import { wickCompletion } from "../src/index.ts";
import { callOf, quietWarnings, rejection, scripted, versions } from "./versions.ts";

quietWarnings();

/** The request that a call becomes, and what is told of it. */
async function requestOf(options: Partial<LanguageModelV3CallOptions>, modelOptions?: Parameters<typeof scripted>[1]) {
  const { model, languageModel } = scripted({ replies: ["a"] }, modelOptions);
  const { warnings } = await languageModel.doGenerate(callOf(options));
  const [call] = model.calls;
  if (call?.kind !== "chat") throw new Error("It was no chat.");
  return { request: call.request, warnings };
}

async function messagesOf(prompt: unknown) {
  const { request, warnings } = await requestOf({ prompt: prompt as LanguageModelV3Prompt });
  return { messages: request.messages, warnings };
}

const user = { role: "user", content: [{ type: "text", text: "Hi" }] } as const;
const bytes = new TextEncoder().encode("Grüße");
const base64 = Buffer.from(bytes).toString("base64");

describe("messages", () => {
  test("of every role", async () => {
    const call = { type: "tool-call", toolCallId: "a", toolName: "weather", input: { city: "Paris" } };
    const output = { type: "text", value: "19 °C" };
    const { messages, warnings } = await messagesOf([
      { role: "system", content: "Be brief." },
      {
        role: "user",
        content: [
          { type: "text", text: "One" },
          { type: "text", text: "two" },
        ],
      },
      {
        role: "assistant",
        content: [
          { type: "reasoning", text: "Hm." },
          { type: "text", text: "I " },
          { type: "text", text: "see." },
          call,
        ],
      },
      { role: "tool", content: [{ type: "tool-result", toolCallId: "a", toolName: "weather", output }] },
      { role: "user", content: [] },
    ]);
    expect(messages).toEqual([
      { role: "system", content: "Be brief." },
      {
        role: "user",
        content: [
          { type: "text", text: "One" },
          { type: "text", text: "two" },
        ],
      },
      {
        role: "assistant",
        content: "I see.",
        reasoningContent: "Hm.",
        toolCalls: [{ id: "a", type: "function", function: { name: "weather", arguments: '{"city":"Paris"}' } }],
      },
      { role: "tool", toolCallId: "a", name: "weather", content: "19 °C" },
      { role: "user", content: "" },
    ]);
    expect(warnings).toEqual([]);
  });

  test("an assistant's that is to be gone on from", async () => {
    const providerOptions = { wick: { prefix: true } };
    const begun = { role: "assistant", content: [{ type: "text", text: "The sky" }], providerOptions };
    const { messages } = await messagesOf([user, begun]);
    expect(messages[1]).toEqual({ role: "assistant", content: "The sky", prefix: true });
  });

  test("arguments that were no JSON go back as they were written", async () => {
    const call = { type: "tool-call", toolCallId: "a", toolName: "f", input: '{"city": "Par' };
    const { messages } = await messagesOf([user, { role: "assistant", content: [call] }]);
    expect(messages[1]).toMatchObject({ content: "", toolCalls: [{ function: { arguments: '{"city": "Par' } }] });
  });

  test("tools that another provider ran stand between what was said", async () => {
    const call = { type: "tool-call", toolCallId: "a", toolName: "search", input: {}, providerExecuted: true };
    const output = { type: "json", value: { found: 1 } };
    const result = { type: "tool-result", toolCallId: "a", toolName: "search", output };
    const content = [{ type: "text", text: "I search." }, call, result, { type: "text", text: "Found." }];
    const { messages } = await messagesOf([user, { role: "assistant", content }, user]);
    expect(messages.slice(1, 4)).toMatchObject([
      { role: "assistant", content: "I search.", toolCalls: [{ id: "a" }] },
      { role: "tool", toolCallId: "a", content: '{"found":1}' },
      { role: "assistant", content: "Found." },
    ]);
  });

  test("what an assistant cannot take back is left out and told", async () => {
    const content = [
      { type: "file", mediaType: "image/png", data: "AAAA" },
      { type: "reasoning-file", mediaType: "image/png", data: { type: "data", data: "AAAA" } },
      { type: "custom", kind: "other.thing" },
      { type: "text", text: "Here." },
    ];
    const approval = { type: "tool-approval-response", approvalId: "x", approved: true };
    const { messages, warnings } = await messagesOf([
      user,
      { role: "assistant", content },
      { role: "tool", content: [approval] },
      user,
    ]);
    expect(messages[1]).toEqual({ role: "assistant", content: "Here." });
    expect(messages).toHaveLength(3);
    expect(warnings.map((warning) => ("feature" in warning ? warning.feature : ""))).toEqual([
      "file part in an assistant message",
      "reasoning-file part in an assistant message",
      "custom part in an assistant message",
      "tool-approval-response",
    ]);
  });

  test("kinds that nobody knows yet are refused", async () => {
    const error = await rejection(messagesOf([{ role: "oracle", content: "Hm" }]));
    expect(UnsupportedFunctionalityError.isInstance(error) && error.functionality).toBe("message of kind oracle");
  });

  test("many, and long", async () => {
    const prompt = Array.from({ length: 2000 }, (_, index) => ({
      ...user,
      content: [{ type: "text", text: `${index} `.repeat(500) }],
    }));
    const { messages } = await messagesOf(prompt);
    expect(messages).toHaveLength(2000);
    expect(messages[1999]?.content).toBe("1999 ".repeat(500));
  });
});

describe("what tools gave", () => {
  const outputs: [string, unknown, string][] = [
    ["text", { type: "text", value: "19 °C" }, "19 °C"],
    ["JSON", { type: "json", value: { city: "Paris", list: [1, null] } }, '{"city":"Paris","list":[1,null]}'],
    ["nothing", { type: "json", value: null }, "null"],
    ["an error", { type: "error-text", value: "No such city." }, "No such city."],
    ["an error as JSON", { type: "error-json", value: { code: 404 } }, '{"code":404}'],
    ["a denial", { type: "execution-denied", reason: "Too dear." }, "Too dear."],
    ["a denial without a reason", { type: "execution-denied" }, "The tool was not allowed to run."],
    [
      "parts",
      {
        type: "content",
        value: [
          { type: "text", text: "a" },
          { type: "text", text: "b" },
        ],
      },
      "a\nb",
    ],
    ["a text file", { type: "content", value: [{ type: "file-data", mediaType: "text/csv", data: base64 }] }, "Grüße"],
    [
      "text of ai 7",
      { type: "content", value: [{ type: "file", mediaType: "text/plain", data: { type: "text", text: "c" } }] },
      "c",
    ],
  ];

  test.each(outputs)("%s", async (_, output, expected) => {
    const { messages, warnings } = await messagesOf([
      user,
      { role: "assistant", content: [{ type: "tool-call", toolCallId: "a", toolName: "f", input: {} }] },
      { role: "tool", content: [{ type: "tool-result", toolCallId: "a", toolName: "f", output }] },
    ]);
    expect(messages[2]).toEqual({ role: "tool", toolCallId: "a", name: "f", content: expected });
    expect(warnings).toEqual([]);
  });

  test("files are told of", async () => {
    const value = [
      { type: "text", text: "See:" },
      { type: "image-data", mediaType: "image/png", data: "AAAA" },
      { type: "image-url", url: "https://example.com/a.png" },
      { type: "file-id", fileId: "f" },
    ];
    const { messages, warnings } = await messagesOf([
      user,
      { role: "assistant", content: [{ type: "tool-call", toolCallId: "a", toolName: "f", input: {} }] },
      {
        role: "tool",
        content: [{ type: "tool-result", toolCallId: "a", toolName: "f", output: { type: "content", value } }],
      },
    ]);
    expect(messages[2]?.content).toBe("See:\n[image/png]\n[https://example.com/a.png]\n[file-id]");
    expect(warnings).toHaveLength(3);
  });
});

describe("files", () => {
  const image = "https://example.com/a.png";
  const files: [string, object, object][] = [
    ["an image's address", { mediaType: "image/png", data: new URL(image) }, { type: "image_url", imageUrl: image }],
    [
      "an image's bytes",
      { mediaType: "image/png", data: bytes },
      { type: "image_url", imageUrl: `data:image/png;base64,${base64}` },
    ],
    [
      "an image of some kind",
      { mediaType: "image/*", data: base64 },
      { type: "image_url", imageUrl: `data:image/jpeg;base64,${base64}` },
    ],
    [
      "an image of ai 7",
      { mediaType: "image", data: { type: "data", data: bytes } },
      { type: "image_url", imageUrl: `data:image/jpeg;base64,${base64}` },
    ],
    [
      "an image with detail",
      { mediaType: "image/png", data: new URL(image), providerOptions: { wick: { detail: "low" } } },
      { type: "image_url", imageUrl: { url: image, detail: "low" } },
    ],
    [
      "a sound",
      { mediaType: "audio/wav", data: bytes },
      { type: "input_audio", inputAudio: `data:audio/wav;base64,${base64}` },
    ],
    [
      "a document",
      { mediaType: "application/pdf", data: new URL("https://example.com/a.pdf"), filename: "a.pdf" },
      { type: "document_url", documentUrl: "https://example.com/a.pdf", documentName: "a.pdf" },
    ],
    [
      "a document's bytes",
      { mediaType: "application/pdf", data: base64 },
      { type: "document_url", documentUrl: `data:application/pdf;base64,${base64}` },
    ],
  ];

  test.each(files)("%s", async (_, file, part) => {
    const content = [
      { type: "text", text: "See:" },
      { type: "file", ...file },
    ];
    const { messages } = await messagesOf([{ role: "user", content }]);
    expect(messages[0]?.content).toEqual([{ type: "text", text: "See:" }, part]);
  });

  test("text files are text", async () => {
    for (const data of [bytes, base64, { type: "text", text: "Grüße" }, new URL(`data:text/plain;base64,${base64}`)]) {
      const { messages } = await messagesOf([
        { role: "user", content: [{ type: "file", mediaType: "text/plain", data }] },
      ]);
      expect(messages[0]?.content).toBe("Grüße");
    }
  });

  test("a large image", async () => {
    const data = new Uint8Array(3_000_000).fill(255);
    const { messages } = await messagesOf([
      { role: "user", content: [{ type: "file", mediaType: "image/png", data }] },
    ]);
    expect(messages[0]?.content).toEqual([
      { type: "image_url", imageUrl: `data:image/png;base64,${Buffer.from(data).toString("base64")}` },
    ]);
  });

  test.each([
    ["of a kind that Wick has no part for", { mediaType: "video/mp4", data: bytes }],
    ["at another provider", { mediaType: "image/png", data: { type: "reference", reference: { openai: "f" } } }],
    ["of text whose bytes are no base64", { mediaType: "text/plain", data: "~" }],
    ["of text that is elsewhere", { mediaType: "text/plain", data: new URL("https://example.com/a.txt") }],
  ])("%s are refused", async (_, file) => {
    const error = await rejection(messagesOf([{ role: "user", content: [{ type: "file", ...file }] }]));
    expect(UnsupportedFunctionalityError.isInstance(error)).toBe(true);
  });

  test.each(versions)("$name hands an address on, and downloads none", async ({ ai }) => {
    const { model, languageModel } = scripted({ replies: ["a"] });
    const content = [{ type: "image" as const, image: new URL("https://never.invalid/a.png") }];
    await ai.generateText({ model: languageModel, messages: [{ role: "user", content }] });
    expect(model.calls[0]?.request).toMatchObject({
      messages: [{ content: [{ type: "image_url", imageUrl: "https://never.invalid/a.png" }] }],
    });
  });
});

describe("options", () => {
  const tool = { type: "function" as const, name: "f", inputSchema: { type: "object" as const } };

  test("have Wick's names", async () => {
    const { request, warnings } = await requestOf({
      maxOutputTokens: 10,
      temperature: 0.5,
      topP: 0.9,
      topK: 40,
      presencePenalty: 0.1,
      frequencyPenalty: 0.2,
      stopSequences: ["\n"],
      seed: 7,
    });
    expect(request).toMatchObject({
      maxTokens: 10,
      temperature: 0.5,
      topP: 0.9,
      topK: 40,
      presencePenalty: 0.1,
      frequencyPenalty: 0.2,
      stop: ["\n"],
      randomSeed: 7,
    });
    expect(warnings).toEqual([]);
  });

  test("that are not set are not sent", async () => {
    const { request } = await requestOf({
      stopSequences: [],
      responseFormat: { type: "text" },
      toolChoice: { type: "auto" },
    });
    expect(request).toEqual({ messages: [{ role: "user", content: "Hi" }] });
  });

  test("of Wick's own go as they are, over the SDK's, and over the model's", async () => {
    const wick = {
      temperature: 0.1,
      minP: 0.05,
      dry: { multiplier: 0.8 },
      reasoning: { maxTokens: 100 },
      chatTemplateKwargs: { a: true },
      priority: 5,
      responseFormat: { type: "choice", choices: ["yes", "no"] },
    };
    const defaults = { temperature: 0.2, topK: 3, repetitionPenalty: 1.1, reasoning: { effort: "low" as const } };
    const { request } = await requestOf({ temperature: 0.3, topK: 4, providerOptions: { wick } }, { defaults });
    const reasoning = { effort: "low", maxTokens: 100 };
    expect(request).toMatchObject({ ...wick, topK: 4, repetitionPenalty: 1.1, reasoning });
  });

  test("a misspelt one is Wick's to refuse, and so is nonsense", async () => {
    const { languageModel } = scripted({ replies: ["a"] });
    const nonsense = { wick: { temperature: Number.NaN } };
    expect(await rejection(languageModel.doGenerate(callOf({ providerOptions: nonsense })))).toMatchObject({
      code: "invalid_request",
      info: { where: "temperature" },
    });
  });

  test.each(["messages", "tools", "n", "onApproval"])("%s follows from the call", async (name) => {
    const error = await rejection(requestOf({ providerOptions: { wick: { [name]: 2 } } }));
    expect(InvalidArgumentError.isInstance(error) && error.argument).toBe(`providerOptions.wick.${name}`);
  });

  test("providerOptions.wick is an object", async () => {
    const error = await rejection(requestOf({ providerOptions: { wick: ["a"] as never } }));
    expect(InvalidArgumentError.isInstance(error) && error.argument).toBe("providerOptions.wick");
  });

  test("a schema is kept to as far as that goes, and the SDK validates", async () => {
    const schema = { type: "object" as const, properties: { a: { type: "string" as const } } };
    const { request } = await requestOf({
      responseFormat: { type: "json", schema, name: "thing", description: "A thing" },
    });
    expect(request.responseFormat).toEqual({
      type: "json_schema",
      jsonSchema: { name: "thing", description: "A thing", schemaDefinition: schema, strict: false },
    });
    const plain = await requestOf({ responseFormat: { type: "json" } });
    expect(plain.request.responseFormat).toEqual({ type: "json_object" });
  });

  test("tools, and which must be called", async () => {
    const tools = [{ ...tool, description: "Does f", strict: true }];
    const { request, warnings } = await requestOf({ tools, toolChoice: { type: "tool", toolName: "f" } });
    expect(request.tools).toEqual([
      {
        type: "function",
        function: { name: "f", description: "Does f", parameters: { type: "object" }, strict: true },
      },
    ]);
    expect(request.toolChoice).toEqual({ type: "function", function: { name: "f" } });
    expect(warnings).toEqual([]);
    for (const type of ["none", "required"] as const) {
      expect((await requestOf({ tools, toolChoice: { type } })).request.toolChoice).toBe(type);
    }
  });

  test("tools of providers, and examples, are told of", async () => {
    const provided = { type: "provider" as const, id: "openai.web_search" as const, name: "search", args: {} };
    const tools = [provided, { ...tool, inputExamples: [{ input: { a: 1 } }] }];
    const { request, warnings } = await requestOf({ tools });
    expect(request.tools).toHaveLength(1);
    expect(warnings).toMatchObject([
      { type: "unsupported", feature: "provider-defined tool openai.web_search" },
      { type: "unsupported", feature: "inputExamples of tool f" },
    ]);
  });

  test("headers are told of by a local model, but for the SDK's own", async () => {
    const { warnings } = await requestOf({ headers: { "user-agent": "ai/7", "x-a": "1", "x-b": undefined } });
    expect(warnings).toMatchObject([
      { type: "unsupported", feature: "headers", details: expect.stringContaining("x-a") },
    ]);
    expect((await requestOf({ headers: { "User-Agent": "ai/7" } })).warnings).toEqual([]);
  });

  test("how much to think", async () => {
    const reasoning = (effort: unknown, capable = true) => {
      const capabilities = { tools: true, reasoning: capable, fim: false, embeddings: false };
      const { model, languageModel } = scripted({ replies: ["a"], info: { capabilities } });
      const options = { ...callOf(), reasoning: effort };
      return languageModel.doGenerate(options).then(({ warnings }) => ({ request: model.calls[0]?.request, warnings }));
    };
    expect((await reasoning("high")).request).toMatchObject({ reasoning: { effort: "high" } });
    expect((await reasoning("provider-default")).request).not.toHaveProperty("reasoning");
    const most = await reasoning("max");
    expect(most.request).toMatchObject({ reasoning: { effort: "xhigh" } });
    expect(most.warnings).toMatchObject([{ type: "compatibility", feature: "reasoning" }]);
    const incapable = await reasoning("high", false);
    expect(incapable.request).not.toHaveProperty("reasoning");
    expect(incapable.warnings).toMatchObject([{ type: "unsupported", feature: "reasoning" }]);
    expect((await reasoning("none", false)).warnings).toEqual([]);
  });

  test("how much to think goes beside how long", async () => {
    const options = { ...callOf(), reasoning: "low" };
    const { model, languageModel } = scripted({ replies: ["a"] }, { defaults: { reasoning: { maxTokens: 50 } } });
    await languageModel.doGenerate(options);
    expect(model.calls[0]?.request).toMatchObject({ reasoning: { effort: "low", maxTokens: 50 } });
    const providerOptions = { wick: { reasoning: { maxTokens: 60 } } };
    await languageModel.doGenerate({ ...options, providerOptions });
    expect(model.calls[1]?.request).toMatchObject({ reasoning: { effort: "low", maxTokens: 60 } });
  });
});

describe("raw text", () => {
  test("has no tools, form or reasoning, which is told", async () => {
    const { model } = scripted({ replies: ["a"] });
    const options = {
      ...callOf({
        tools: [{ type: "function", name: "f", inputSchema: { type: "object" } }],
        responseFormat: { type: "json" },
        providerOptions: { wick: { echo: true } },
        seed: 7,
      }),
      reasoning: "high",
    };
    const { warnings, content } = await wickCompletion(model).doGenerate(options);
    expect(content).toEqual([{ type: "text", text: "a" }]);
    expect(warnings.map((warning) => ("feature" in warning ? warning.feature : ""))).toEqual([
      "tools",
      "responseFormat",
      "reasoning",
    ]);
    expect(model.calls).toEqual([{ kind: "completion", request: { prompt: "Hi", echo: true, randomSeed: 7 } }]);
  });

  test("is no conversation", async () => {
    const { model } = scripted({ replies: ["a"] });
    for (const prompt of [[{ role: "system" as const, content: "Be brief." }, user], [user, user], []]) {
      const error = await rejection(wickCompletion(model).doGenerate({ prompt: prompt as LanguageModelV3Prompt }));
      expect(InvalidPromptError.isInstance(error)).toBe(true);
    }
    expect(model.calls).toEqual([]);
  });
});
