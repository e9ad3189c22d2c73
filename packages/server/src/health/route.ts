import type { Context } from "hono";
import { WickError } from "wick";
import { z } from "zod";
import type { App, Env } from "../app.js";
import { notFound } from "../error/failure.js";
import type { ModelState } from "../model-catalog.js";

/** Whether the server can take requests. */
export const healthSchema = z
  .object({
    status: z.enum(["ok", "loading", "draining", "failed"]),
    models: z.record(z.string(), z.enum(["ok", "loading", "failed"])),
  })
  .meta({ id: "Health" });

/** `GET /health`: 200 while every model answers, else 503. */
export function health(app: App, c: Context<Env>): Response {
  const models = Object.fromEntries([...app.models.states()].map(([name, state]) => [name, healthOf(state)]));
  const kinds = Object.values(models);
  const worst = kinds.includes("failed") ? "failed" : kinds.includes("loading") ? "loading" : "ok";
  const status = app.runs.isDraining ? "draining" : worst;
  return c.json({ status, models }, status === "ok" ? 200 : 503, status === "ok" ? {} : { "retry-after": "2" });
}

function healthOf(state: ModelState): "ok" | "loading" | "failed" {
  if (state.kind !== "ready") return state.kind;
  try {
    state.model.stats();
    return "ok";
  } catch (error) {
    if (!WickError.isInstance(error)) throw error;
    return "failed";
  }
}

/** `GET /metrics`, where the server has any and shows them. */
export async function metrics(app: App, c: Context<Env>): Promise<Response> {
  const render = app.watchers.metrics?.render;
  if (!app.exposesMetrics || render === undefined) throw notFound("This server shows no metrics.");
  const { contentType, body } = await render(app.models.ready(), app.runs.size);
  return c.body(body, 200, { "content-type": contentType });
}
