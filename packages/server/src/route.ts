import type { Context } from "hono";
import type { z } from "zod";
import type { App, Env } from "./app.js";

/** How a call is described in `/openapi.json`. */
interface Operation {
  /** One line. */
  summary: string;
  tag: string;
  /** The body it takes. */
  request?: z.ZodType;
  /** Parts of its path, and of its query. */
  parameters?: readonly { name: string; in: "path" | "query"; description: string; isRequired?: boolean }[];
  /** What it answers with, as JSON. */
  response?: z.ZodType;
  /** Other media types that it answers with. */
  others?: readonly string[];
  /** What it answers with where it cannot do its work, with status 503. */
  unavailable?: z.ZodType;
  /** Statuses beyond those that every call can have. */
  statuses?: readonly number[];
}

/** One address of the server. */
export interface Route {
  method: "GET" | "POST" | "DELETE";
  /** A pattern of Hono's. */
  path: string;
  operation: Operation;
  /** The form of its errors; OpenAI's, with Mistral's beside it. */
  errors?: "anthropic";
  /** Whether it is a generation, for which there must be room. */
  generates?: true;
  handle(app: App, c: Context<Env>): Response | Promise<Response>;
}
