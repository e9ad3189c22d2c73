// Calls as spans, with the real SDK.

import { SpanStatusCode, context, trace } from "@opentelemetry/api";
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base";
import { afterEach, describe, expect, test } from "vitest";
import { demoModel } from "@wick/demo-model";
import { Model, tool } from "wick";
import { openTelemetry } from "wick/telemetry";
import { scriptedModel } from "wick/testing";

const exporter = new InMemorySpanExporter();
const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
const tracer = provider.getTracer("test");
const onCall = openTelemetry({ tracer });
const messages = [{ role: "user" as const, content: "the canary sings" }];
afterEach(() => exporter.reset());

const spans = () => exporter.getFinishedSpans();
const named = (name: string) => {
  const span = spans().find((each) => each.name === name);
  if (span === undefined)
    throw new Error(
      `no span ${name} among ${spans()
        .map((each) => each.name)
        .join(", ")}`,
    );
  return span;
};
const millis = ([seconds, nanos]: [number, number]) => seconds * 1000 + nanos / 1e6;

describe("spans of a call", () => {
  test("a chat of a local model: what was asked, what it took, and its phases within", async () => {
    await using model = await Model.load(demoModel(), { onCall });
    await model.chat.complete({ messages, temperature: 0, maxTokens: 5, randomSeed: 3 });
    const chat = named(`chat ${model.info.id}`);
    expect(chat.attributes).toMatchObject({
      "gen_ai.operation.name": "chat",
      "gen_ai.provider.name": "wick",
      "gen_ai.request.model": model.info.id,
      "gen_ai.request.temperature": 0,
      "gen_ai.request.max_tokens": 5,
      "gen_ai.request.seed": 3,
      "gen_ai.response.finish_reasons": ["length"],
      "gen_ai.usage.output_tokens": 5,
      "wick.end": "done",
    });
    expect(chat.status.code).toBe(SpanStatusCode.UNSET);
    const phases = ["queue", "prefill", "decode"].map(named);
    for (const phase of phases) expect(phase.parentSpanContext?.spanId).toBe(chat.spanContext().spanId);
    const edges = phases.map((phase) => [millis(phase.startTime), millis(phase.endTime)]);
    expect(edges[0]?.[1]).toBeCloseTo(edges[1]?.[0] ?? 0, 2);
    expect(edges[1]?.[1]).toBeCloseTo(edges[2]?.[0] ?? 0, 2);
    expect(JSON.stringify(spans().map(({ attributes, events, status }) => [attributes, events, status]))).not.toContain(
      "canary",
    );
  });

  test("is within the span that is active where the call is made", async () => {
    await using model = scriptedModel({ replies: ["hi"], onCall });
    const outer = tracer.startSpan("outer");
    // Without a context manager nothing is active but what is handed over.
    const active = trace.setSpan(context.active(), outer);
    const original = context.active;
    context.active = () => active;
    try {
      await model.chat.complete({ messages });
    } finally {
      context.active = original;
    }
    outer.end();
    expect(named("chat scripted").parentSpanContext?.spanId).toBe(outer.spanContext().spanId);
  });

  test("a refusal has its code, and no phases", async () => {
    await using model = await Model.load(demoModel(), { onCall });
    await model.chat.complete({ messages, temperature: -1 }).catch(() => {});
    const chat = named(`chat ${model.info.id}`);
    expect(chat.status).toEqual({ code: SpanStatusCode.ERROR, message: "invalid_request" });
    expect(chat.attributes["error.type"]).toBe("invalid_request");
    expect(spans()).toHaveLength(1);
  });

  test("a stream that is left has its span, too; one that is never read has none", async () => {
    await using model = await Model.load(demoModel(), { onCall });
    model.chat.stream({ messages });
    for await (const response of model.chat.stream({ messages, ignoreEos: true })) if (response.kind === "chunk") break;
    await expect.poll(() => spans().length).toBeGreaterThan(0);
    expect(named(`chat ${model.info.id}`).attributes["wick.end"]).toBe("cancelled");
  });

  test("a tool that runs is a span within its call's, with its end", async () => {
    const call = (id: string, name: string) => ({ id, type: "function" as const, function: { name, arguments: "{}" } });
    await using model = scriptedModel({
      replies: [{ toolCalls: [call("a1", "clock"), call("b2", "broken")] }, "done"],
      onCall,
    });
    const parameters = { type: "object", properties: {} };
    const clock = tool({ name: "clock", description: "", parameters, execute: () => "noon" });
    const broken = tool({
      name: "broken",
      description: "",
      parameters,
      execute() {
        throw new Error("canary");
      },
    });
    await model.chat.complete({ messages, tools: [clock, broken] });
    const chat = named("chat scripted");
    expect(spans().filter(({ name }) => name.startsWith("chat"))).toHaveLength(1);
    for (const name of ["clock", "broken"]) {
      const span = named(`execute_tool ${name}`);
      expect(span.parentSpanContext?.spanId).toBe(chat.spanContext().spanId);
      expect(span.attributes["gen_ai.tool.name"]).toBe(name);
    }
    expect(named("execute_tool clock").attributes["gen_ai.tool.call.id"]).toBe("a1");
    expect(named("execute_tool broken").status).toEqual({ code: SpanStatusCode.ERROR, message: "tool_failed" });
  });

  test("embeddings and raw text", async () => {
    await using model = await Model.load(demoModel(), { onCall });
    await model.embeddings.create({ inputs: ["a"] });
    await model.completions.complete({ prompt: "Once", maxTokens: 2 });
    expect(named(`embeddings ${model.info.id}`).attributes["gen_ai.usage.input_tokens"]).toBe(1);
    expect(named(`text_completion ${model.info.id}`).attributes["gen_ai.usage.output_tokens"]).toBe(2);
  });
});

test("what an observer throws reaches no stream", async () => {
  const thrown: unknown[] = [];
  const listeners = process.listeners("uncaughtException");
  process.removeAllListeners("uncaughtException");
  process.on("uncaughtException", (error) => thrown.push(error));
  try {
    const onThrow = () => ({
      response() {
        throw new Error("observer");
      },
    });
    await using model = await Model.load(demoModel(), { onCall: onThrow });
    const { choices } = await model.chat.complete({ messages, maxTokens: 2 });
    expect(choices).toHaveLength(1);
    await expect.poll(() => thrown.length).toBeGreaterThan(0);
  } finally {
    process.removeAllListeners("uncaughtException");
    for (const listener of listeners) process.on("uncaughtException", listener);
  }
});
