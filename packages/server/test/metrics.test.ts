// What is counted, and who is told.

import { demoModel } from "@wick/demo-model";
import { describe, expect, test } from "vitest";
import { Model } from "wick";
import { scriptedModel } from "wick/testing";
import type { Metrics } from "../src/index.ts";
import { prometheusMetrics } from "../src/node/prometheus-metrics.ts";
import { capital } from "./support/questions.ts";
import { listeningServer } from "./support/running-server.ts";
import { testServer } from "./support/test-server.ts";

const chat = "/v1/chat/completions";
const body = { messages: [{ role: "user", content: "Hi" }] };

/** The value of a series in Prometheus' text. */
function valueOf(text: string, series: string): number {
  const line = text.split("\n").find((each) => each.startsWith(`${series} `));
  if (line === undefined) throw new Error(`No ${series} in ${text}`);
  return Number(line.slice(series.length + 1));
}

describe("/metrics", () => {
  test("is not there, unless the program says so", async () => {
    const model = scriptedModel({ replies: ["Yes."] });
    expect(await testServer(model).get("/metrics")).toMatchObject({ status: 404 });
    expect(await testServer(model, { metrics: prometheusMetrics() }).get("/metrics")).toMatchObject({ status: 404 });
    expect(await testServer(model, { exposeMetrics: true }).get("/metrics")).toMatchObject({ status: 404 });
    await using quiet = await listeningServer(model);
    expect(await quiet.get("/metrics")).toMatchObject({ status: 404 });
  });

  test("asks for a key where there are some", async () => {
    const options = { metrics: prometheusMetrics(), exposeMetrics: true, apiKeys: ["sk-0123456789abcdef"] };
    const server = testServer(scriptedModel({ replies: ["Yes."] }), options);
    expect(await server.get("/metrics")).toMatchObject({ status: 401 });
    expect(await server.get("/metrics", { authorization: "Bearer sk-0123456789abcdef" })).toMatchObject({
      status: 200,
    });
  });

  test("counts requests, generations, tokens and times as they were", async () => {
    await using model = await Model.load(demoModel());
    await using server = await listeningServer(model, { metrics: true });
    for (let count = 0; count < 3; count += 1) await server.post(chat, capital);
    for (let count = 0; count < 2; count += 1) await server.post(chat, { ...capital, stream: true });
    await server.post(chat, { ...capital, temperature: -1 });
    await server.get("/nope");
    await server.get("/health");
    const { text, headers, status } = await server.get("/metrics");
    expect(status).toBe(200);
    expect(headers.get("content-type")).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(valueOf(text, `wick_http_requests_total{route="${chat}",method="POST",status="200"}`)).toBe(5);
    expect(valueOf(text, `wick_http_requests_total{route="${chat}",method="POST",status="400"}`)).toBe(1);
    expect(valueOf(text, 'wick_http_requests_total{route="none",method="GET",status="404"}')).toBe(1);
    expect(valueOf(text, 'wick_generations_total{model="demo",end="done",code=""}')).toBe(5);
    expect(valueOf(text, 'wick_tokens_total{model="demo",kind="prompt"}')).toBe(5 * 16);
    expect(valueOf(text, 'wick_tokens_total{model="demo",kind="completion"}')).toBe(5 * 10);
    expect(valueOf(text, `wick_http_request_duration_seconds_count{route="${chat}"}`)).toBe(6);
    expect(valueOf(text, 'wick_time_to_first_token_seconds_count{model="demo"}')).toBe(5);
    expect(valueOf(text, 'wick_inter_token_seconds_count{model="demo"}')).toBeGreaterThan(5 * 5);
    expect(valueOf(text, "wick_live_requests")).toBe(0);
    expect(valueOf(text, 'wick_sequences_running{model="demo"}')).toBe(0);
    expect(valueOf(text, 'wick_kv_bytes{model="demo"}')).toBe(model.stats().kvBytesTotal);
  });

  test("tells of what runs now, and of models that broke", async () => {
    const hanging = scriptedModel({ replies: [{ text: ["a", "b"], end: { kind: "hang", after: 1 } }] });
    const failing = scriptedModel({
      replies: [{ text: ["a", "b"], end: { kind: "model_error", after: 1, error: { code: "numeric_error" } } }],
    });
    const gone = scriptedModel({ replies: [] });
    await using server = await listeningServer({ hanging, failing, gone }, { metrics: true });
    await gone.close();
    const leaving = new AbortController();
    await server.begin("POST", chat, { body: { ...body, model: "hanging", stream: true }, signal: leaving.signal });
    await server.post(chat, { ...body, model: "failing" });
    const { text } = await server.get("/metrics");
    expect(valueOf(text, "wick_live_requests")).toBe(1);
    expect(valueOf(text, 'wick_sequences_running{model="hanging"}')).toBe(1);
    expect(valueOf(text, 'wick_generations_total{model="failing",end="model_error",code="numeric_error"}')).toBe(1);
    expect(text).not.toMatch(/wick_sequences_running\{model="gone"\}/);
    leaving.abort();
  });

  test("of two servers in one process are two", async () => {
    const model = scriptedModel({ replies: ["Yes."] });
    await using one = await listeningServer(model, { metrics: true });
    await using two = await listeningServer(model, { metrics: true });
    await one.post(chat, body);
    const series = 'wick_generations_total{model="demo",end="done",code=""}';
    expect(valueOf((await one.get("/metrics")).text, series)).toBe(1);
    expect((await two.get("/metrics")).text).not.toContain(series);
  });
});

describe("a program's own counters", () => {
  test("are told of each request and each token, by a clock that is the program's", async () => {
    let now = 0;
    const told: unknown[] = [];
    const metrics: Metrics = {
      requestEnded: (request) => told.push(["ended", request]),
      firstToken: (name, seconds) => told.push(["first", name, seconds]),
      interToken: (name, seconds) => told.push(["next", name, seconds]),
    };
    const model = scriptedModel({ replies: ["One two three."] });
    const clock = () => {
      now += 1000;
      return now;
    };
    const server = testServer(model, { metrics, runtime: { now: clock } });
    await server.post(chat, body);
    expect(told).toEqual([
      ["first", "demo", expect.any(Number)],
      ["next", "demo", 1],
      ["next", "demo", 1],
      [
        "ended",
        {
          route: chat,
          method: "POST",
          status: 200,
          seconds: expect.any(Number),
          model: "demo",
          end: "done",
          errorCode: undefined,
          usage: expect.objectContaining({ completionTokens: 3 }),
        },
      ],
    ]);
  });

  test("need not be all there", async () => {
    const server = testServer(scriptedModel({ replies: ["Yes."] }), { metrics: {}, exposeMetrics: true });
    expect(await server.post(chat, body)).toMatchObject({ status: 200 });
    expect(await server.get("/metrics")).toMatchObject({ status: 404 });
  });
});
