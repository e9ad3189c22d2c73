import { describe, expect, test } from "vitest";
import type { CompletionRequest, FimRequest } from "wick";
import { collect } from "../../../../test/conformance/chunks.js";
import { done, ended, loopbackHost, said, sends } from "./loopback-host.js";
import { type ProviderName } from "./sent.js";

describe("raw text and holes", () => {
  const text = (piece: string, reason: string | null = null) =>
    `data: ${JSON.stringify({ id: "t", object: "text_completion", created: 1, model: "m", choices: [{ index: 0, text: piece, finish_reason: reason, logprobs: null }] })}\n\n`;

  test.each<[ProviderName, string, object]>([
    ["openai", "/v1/completions", { prompt: "Once", max_tokens: 5, logprobs: 2 }],
    ["wick", "/v1/completions", { prompt: "Once", max_tokens: 5, logprobs: true, top_logprobs: 2 }],
  ])("completions of %s", async (provider, path, body) => {
    const wire = provider === "wick" ? null : text("upon") + text(" a time", "stop") + done;
    const ours = [
      {
        kind: "completion_chunk",
        id: "t",
        model: "m",
        created: 1,
        choices: [{ index: 0, text: "upon a time", finishReason: "stop" }],
      },
      {
        kind: "completion_done",
        completion: {
          object: "text_completion",
          id: "t",
          model: "m",
          created: 1,
          choices: [{ index: 0, text: "upon a time", finishReason: "stop" }],
        },
      },
    ];
    const sentBack = wire ?? ours.map((response) => `event: response\ndata: ${JSON.stringify(response)}\n\n`).join("");
    await using host = await loopbackHost(sends(sentBack));
    const request: CompletionRequest = { prompt: "Once", maxTokens: 5, logprobs: true, topLogprobs: 2 };
    const whole = await host.connect({ provider }).completions.complete(request);
    expect(whole).toMatchObject({
      object: "text_completion",
      choices: [{ text: "upon a time", finishReason: "stop" }],
    });
    expect(host.received[0]).toMatchObject({ path, body: { model: "m", ...body } });
  });

  test("logprobs of raw text", async () => {
    const logprobs = {
      tokens: ["a", "b"],
      token_logprobs: [null, -1],
      top_logprobs: [null, { b: -1, c: -2 }],
      text_offset: [0, 1],
    };
    const choice = { index: 0, text: "ab", finish_reason: "stop", logprobs };
    await using host = await loopbackHost(sends(`data: ${JSON.stringify({ choices: [choice] })}\n\n`));
    const whole = await host.connect().completions.complete({ prompt: "x" });
    expect(whole.choices[0].logprobs).toEqual([
      {
        token: "b",
        id: -1,
        logprob: -1,
        top: [
          { token: "b", id: -1, logprob: -1 },
          { token: "c", id: -1, logprob: -2 },
        ],
      },
    ]);
  });

  test("Mistral's holes are answered by chunks of chats; it has no raw text", async () => {
    await using host = await loopbackHost(sends(said("mid") + said("dle") + ended() + done));
    const model = host.connect({ provider: "mistral" });
    const request: FimRequest = { prompt: "a", suffix: "b", minTokens: 2, randomSeed: 3 };
    const responses = await collect(model.fim.stream(request));
    expect(responses.map(({ kind }) => kind)).toEqual([
      "completion_chunk",
      "completion_chunk",
      "completion_chunk",
      "completion_done",
    ]);
    expect(responses.at(-1)).toMatchObject({ completion: { choices: [{ text: "middle", finishReason: "stop" }] } });
    expect(host.received[0]).toMatchObject({
      path: "/v1/fim/completions",
      body: { prompt: "a", suffix: "b", min_tokens: 2, random_seed: 3, stream: true },
    });
    expect(await collect(model.completions.stream({ prompt: "a" }))).toMatchObject([
      { kind: "validation_error", error: { code: "unsupported", where: "completions" } },
    ]);
    expect(await collect(model.fim.stream({ prompt: "a", n: 2 }))).toMatchObject([
      { kind: "validation_error", error: { code: "unsupported", where: "n" } },
    ]);
  });

  test("what Wick has no name for has no place in raw text", async () => {
    const event = {
      id: "t",
      model: "m",
      created: 1,
      choices: [{ index: 0, text: "a", finish_reason: "stop", native: 1 }],
      citations: [1],
    };
    await using host = await loopbackHost(sends(`data: ${JSON.stringify(event)}\n\n${done}`));
    const responses = await collect(host.connect().completions.stream({ prompt: "x" }));
    expect(responses[0]).toEqual({
      kind: "completion_chunk",
      id: "t",
      model: "m",
      created: 1,
      choices: [{ index: 0, text: "a", finishReason: null }],
    });
  });

  test("an error in the middle is completion_model_error", async () => {
    await using host = await loopbackHost(sends(`${text("a")}data: {"error":{"message":"boom"}}\n\n`));
    const responses = await collect(host.connect().completions.stream({ prompt: "x" }));
    expect(responses.at(-1)).toMatchObject({
      kind: "completion_model_error",
      partial: { object: "text_completion", choices: [{ text: "a" }] },
    });
  });
});
