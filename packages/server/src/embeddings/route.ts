import type { Context } from "hono";
import { type EmbeddingList, WickError } from "wick";
import { z } from "zod";
import { type App, type Env, readBody, servedModel } from "../app.js";
import { Failure, unsupported } from "../error/failure.js";
import { ignored, optional, set } from "../wire/optional.js";

const tokenIds = z.array(z.int());

/** `POST /v1/embeddings` */
export const embeddingRequest = z
  .object({
    model: optional(z.string()),
    input: z.union([z.string(), z.array(z.string()).min(1).max(2048), tokenIds.min(1), z.array(tokenIds).min(1)]),
    encoding_format: optional(z.enum(["float", "base64"])),
    dimensions: optional(z.int().min(1)),
    output_dimension: optional(z.int().min(1)).describe("Mistral's name of `dimensions`."),
    output_dtype: optional(z.literal("float")),
    normalize: optional(z.boolean()).describe("Whether vectors get length 1; true."),
    user: ignored("it is of a host's own bookkeeping"),
    metadata: ignored("it is of a host's own bookkeeping"),
  })
  .meta({ id: "CreateEmbeddingRequest" });

/** Vectors of texts. */
export const embeddingListSchema = z
  .object({
    id: z.string(),
    object: z.literal("list"),
    model: z.string(),
    data: z.array(
      z.object({
        object: z.literal("embedding"),
        index: z.int(),
        embedding: z.union([z.array(z.number()), z.string().describe("Little-endian floats of 32 bits in base64.")]),
      }),
    ),
    usage: z.object({ prompt_tokens: z.int(), completion_tokens: z.int(), total_tokens: z.int() }),
  })
  .meta({ id: "EmbeddingList" });

/** `POST /v1/embeddings` */
export async function embeddings(app: App, c: Context<Env>): Promise<Response> {
  const body = await readBody(app, c, embeddingRequest);
  const { model, name } = servedModel(app, c, body.model);
  app.runs.checkOpen();
  const { dimensions, output_dimension: ofMistral } = body;
  const list = await model.embeddings
    .create(
      {
        inputs: textsOf(body.input),
        ...set({ dimensions: dimensions ?? ofMistral, normalize: body.normalize }),
      },
      { signal: c.req.raw.signal },
    )
    .catch((error: unknown) => {
      const isTheirs = WickError.isInstance(error) && error.info.where === "dimensions" && ofMistral !== undefined;
      throw isTheirs ? new Failure({ ...error.info, where: "output_dimension" }) : error;
    });
  c.var.exchange.usage = list.usage;
  c.var.exchange.end = "embeddings";
  return c.json(
    wireEmbeddings(list, { name, id: c.var.exchange.requestId, inBase64: body.encoding_format === "base64" }),
  );
}

function textsOf(input: z.infer<typeof embeddingRequest>["input"]): string | string[] {
  if (typeof input === "string") return input;
  if (input.every((each) => typeof each === "string")) return input;
  throw unsupported("input", "Send texts: token ids of another vocabulary would be nonsense to this model.");
}

function wireEmbeddings(
  { data, usage }: EmbeddingList,
  { name, id, inBase64 }: { name: string; id: string; inBase64: boolean },
): z.infer<typeof embeddingListSchema> {
  const promptTokens = usage?.promptTokens ?? 0;
  return {
    id,
    object: "list",
    model: name,
    data: data.map(({ index, embedding }) => ({
      object: "embedding",
      index,
      embedding: inBase64 ? base64Of(embedding) : [...embedding],
    })),
    usage: { prompt_tokens: promptTokens, completion_tokens: 0, total_tokens: promptTokens },
  };
}

function base64Of(vector: readonly number[]): string {
  const view = new DataView(new ArrayBuffer(vector.length * 4));
  for (const [at, value] of vector.entries()) view.setFloat32(at * 4, value, true);
  let binary = "";
  for (const byte of new Uint8Array(view.buffer)) binary += String.fromCharCode(byte);
  return btoa(binary);
}
