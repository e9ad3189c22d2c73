import { describe, expect, test } from "vitest";
import type { Message } from "wick";
import { newToolCallId, nineLetterId } from "../../src/remote/request/tool-call-id.js";
import { messages } from "./loopback-host.js";
import { refusal, sent } from "./sent.js";

describe("messages", () => {
  const conversation: Message[] = [
    { role: "system", content: [{ type: "text", text: "Be brief." }] },
    {
      role: "user",
      content: [
        { type: "text", text: "Look" },
        { type: "image_url", imageUrl: { url: "data:image/png;base64,AA", detail: "low" } },
      ],
    },
    {
      role: "assistant",
      content: "Let me see.",
      reasoningContent: "Hm",
      reasoningSignature: "sig",
      toolCalls: [{ id: "call_with_a_long_id", type: "function", function: { name: "f", arguments: "{}" } }],
    },
    { role: "tool", toolCallId: "call_with_a_long_id", content: "19", name: "f" },
    {
      role: "assistant",
      content: [
        { type: "thinking", thinking: [{ type: "text", text: "So" }], signature: "s2" },
        { type: "text", text: "19" },
      ],
    },
    { role: "user", content: "Thanks" },
  ];

  test("of OpenAI's compatible hosts", async () => {
    const { body } = await sent("openai", { messages: conversation });
    expect(body["messages"]).toEqual([
      { role: "system", content: [{ type: "text", text: "Be brief." }] },
      {
        role: "user",
        content: [
          { type: "text", text: "Look" },
          { type: "image_url", image_url: { url: "data:image/png;base64,AA", detail: "low" } },
        ],
      },
      {
        role: "assistant",
        content: "Let me see.",
        reasoning_content: "Hm",
        tool_calls: [{ id: "call_with_a_long_id", type: "function", function: { name: "f", arguments: "{}" } }],
      },
      { role: "tool", tool_call_id: "call_with_a_long_id", content: "19", name: "f" },
      { role: "assistant", content: [{ type: "text", text: "19" }], reasoning_content: "So" },
      { role: "user", content: "Thanks" },
    ]);
  });

  test("of Mistral: thoughts are one leading part, ids have nine letters", async () => {
    const { body } = await sent("mistral", { messages: conversation });
    const [, , assistant, tool, later] = body["messages"] as Record<string, unknown>[];
    const id = nineLetterId("call_with_a_long_id");
    expect(id).toMatch(/^[A-Za-z0-9]{9}$/);
    expect(assistant).toEqual({
      role: "assistant",
      content: [
        { type: "thinking", thinking: [{ type: "text", text: "Hm" }], signature: "sig", closed: true },
        { type: "text", text: "Let me see." },
      ],
      tool_calls: [{ id, type: "function", function: { name: "f", arguments: "{}" } }],
    });
    expect(tool).toMatchObject({ tool_call_id: id });
    expect(later).toMatchObject({
      content: [
        { type: "thinking", signature: "s2" },
        { type: "text", text: "19" },
      ],
    });
  });

  test("of Wick: nothing is lost", async () => {
    const { body } = await sent("wick", {
      messages: [...conversation, { role: "assistant", content: "It", prefix: true }],
    });
    expect(body["messages"]).toMatchObject({
      2: { reasoning_content: "Hm", reasoning_signature: "sig" },
      4: { reasoning_content: "So", reasoning_signature: "s2" },
      6: { content: "It", prefix: true },
    });
  });

  test("prefix: Mistral has it, OpenAI's API does not", async () => {
    const begun: Message[] = [...messages, { role: "assistant", content: "It", prefix: true }];
    expect((await sent("mistral", { messages: begun })).body["messages"]).toMatchObject({
      1: { content: "It", prefix: true },
    });
    expect(await refusal("openai", { messages: begun })).toMatchObject({
      code: "unsupported",
      where: "messages[1].prefix",
    });
  });

  test("sounds and documents", async () => {
    const sound = (inputAudio: string) => [
      { role: "user" as const, content: [{ type: "input_audio" as const, inputAudio }] },
    ];
    const paper = [
      {
        role: "user" as const,
        content: [{ type: "document_url" as const, documentUrl: "https://a/b.pdf", documentName: "b" }],
      },
    ];
    expect((await sent("openai", { messages: sound("data:audio/mpeg;base64,AA") })).body["messages"]).toMatchObject({
      0: { content: [{ type: "input_audio", input_audio: { data: "AA", format: "mp3" } }] },
    });
    expect((await sent("mistral", { messages: sound("https://a/b.mp3") })).body["messages"]).toMatchObject({
      0: { content: [{ type: "input_audio", input_audio: "https://a/b.mp3" }] },
    });
    expect((await sent("mistral", { messages: paper })).body["messages"]).toMatchObject({
      0: { content: [{ type: "document_url", document_url: "https://a/b.pdf", document_name: "b" }] },
    });
    expect(await refusal("openai", { messages: paper })).toMatchObject({
      code: "unsupported",
      where: "messages[0].content[0]",
    });
  });
});

test("ids that we make up are taken by every host", () => {
  const ids = Array.from({ length: 1000 }, newToolCallId);
  expect(ids.every((id) => /^[A-Za-z0-9]{9}$/.test(id))).toBe(true);
  expect(new Set(ids).size).toBe(1000);
  const long = Array.from({ length: 1000 }, (_, at) => nineLetterId(`call_${at}`));
  expect(new Set(long).size).toBe(1000);
  expect(nineLetterId("abcDEF123")).toBe("abcDEF123");
});
