import { WickError } from "../error/wick-error.js";
import type { ChatCompletion } from "../generated/protocol.js";
import { isStandard } from "../request/json-schema-of.js";
import type { Schema } from "../request/schema.js";
import { standardValidation, type Validation } from "../request/validation.js";
import type { ChatResponse } from "../response/response.js";
import { asyncDispose } from "./async-dispose.js";
import type { LiveStream } from "./live-stream.js";
import type { DeepPartial, ObjectStream, Parsed } from "./response-stream.js";
import { RoundTexts } from "./round-texts.js";

/** The stream of a value: a chat whose text is JSON of a schema. */
export class ObjectLiveStream<T> implements ObjectStream<T> {
  readonly #stream: LiveStream<ChatResponse>;
  readonly #schema: Schema;

  constructor(stream: LiveStream<ChatResponse>, schema: Schema) {
    this.#stream = stream;
    this.#schema = schema;
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<ChatResponse, void, undefined> {
    return this.#stream[Symbol.asyncIterator]();
  }

  text(): AsyncIterable<string> {
    return this.#stream.text();
  }

  async *partials(): AsyncGenerator<DeepPartial<T>, void, undefined> {
    const responses = this.#stream[Symbol.asyncIterator]();
    try {
      // Comes with the first call, so that programs without one do not load it.
      const { parse } = await import("jsonriver");
      const texts = new RoundTexts(responses, (response) => this.#stream.denyUnseen(response));
      while (await texts.next()) {
        try {
          // It goes on with the same objects; a program may keep what it is given.
          for await (const value of parse(texts.pieces())) yield structuredClone(value) as DeepPartial<T>;
        } catch (error) {
          // Text that is no JSON, or not yet all of it: whether that is an error, `final` says.
          if (WickError.isInstance(error)) throw error;
        }
      }
    } finally {
      await responses.return?.();
    }
    await this.final();
  }

  final(): Promise<Parsed<T>> {
    const parsed = this.#stream.final().then((completion) => parsedOf<T>(completion, this.#schema));
    // Asked for and then left alone, it must not end the process; whoever awaits it still sees the error.
    parsed.catch(() => {});
    return parsed;
  }

  cancel(): void {
    this.#stream.cancel();
  }

  toReadableStream(): ReadableStream<ChatResponse> {
    return this.#stream.toReadableStream();
  }

  toServerSentEvents(): ReadableStream<Uint8Array> {
    return this.#stream.toServerSentEvents();
  }

  toResponse(init?: ResponseInit): globalThis.Response {
    return this.#stream.toResponse(init);
  }

  async [asyncDispose](): Promise<void> {
    await this.#stream[asyncDispose]();
  }
}

async function parsedOf<T>(completion: ChatCompletion, schema: Schema): Promise<Parsed<T>> {
  const validate = await validationOf(schema);
  const validated = await validate(valueOf(completion));
  if (validated.issues !== undefined) {
    throw outputInvalid(completion, `The answer does not fit the schema: ${validated.issues}`);
  }
  return { ...completion, parsed: validated.value as T };
}

async function validationOf(schema: Schema): Promise<Validation> {
  if (isStandard(schema)) return standardValidation(schema);
  const { jsonSchemaValidation } = await import("../request/json-schema-validation.js");
  return jsonSchemaValidation(schema);
}

function valueOf(completion: ChatCompletion): unknown {
  const [choice] = completion.choices;
  const text = choice?.message.content ?? "";
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw outputInvalid(completion, whyNoValue(completion), cause);
  }
}

function whyNoValue({ choices: [choice] }: ChatCompletion): string {
  if (choice?.finishReason === "length") {
    return "The answer was cut before its JSON was whole. Allow more tokens by maxTokens, or shorten the prompt.";
  }
  if ((choice?.message.toolCalls ?? []).length > 0) {
    return "The model called a tool in place of an answer; `partial` has its calls.";
  }
  return "The answer is no JSON.";
}

function outputInvalid(partial: ChatCompletion, message: string, cause?: unknown): WickError {
  const options = cause === undefined ? { partial } : { partial, cause };
  return new WickError({ code: "output_invalid", message, retryable: true }, options);
}
