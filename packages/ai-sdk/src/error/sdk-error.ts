/** Families of errors that the SDK knows by a symbol, in any copy of its packages, so that nothing of it is imported to make one. */
export interface SdkErrorFields {
  AI_APICallError: {
    url: string;
    requestBodyValues: unknown;
    isRetryable: boolean;
    statusCode: number | undefined;
    responseHeaders: Record<string, string> | undefined;
    responseBody: string | undefined;
    data: unknown;
  };
  AI_InvalidArgumentError: { argument: string };
  AI_InvalidPromptError: { prompt: unknown };
  AI_InvalidResponseDataError: { data: unknown };
  AI_NoSuchModelError: { modelId: string; modelType: "languageModel" | "embeddingModel" | "imageModel" };
  AI_UnsupportedFunctionalityError: { functionality: string };
}

/** `@ai-sdk/provider` `src/errors/ai-sdk-error.ts`. */
const family = "vercel.ai.error";

/** Makes an error one of a family of the SDK. It stays what it was: the fields are added to it, where printing does not show them. */
export function markAsSdkError<N extends keyof SdkErrorFields>(error: Error, name: N, fields: SdkErrorFields[N]): void {
  const marks = { [Symbol.for(family)]: true, [Symbol.for(`${family}.${name}`)]: true };
  for (const key of Reflect.ownKeys({ ...fields, ...marks })) {
    const value: unknown = Reflect.get({ ...fields, ...marks }, key);
    Object.defineProperty(error, key, { value, configurable: true, writable: true });
  }
}

/** Whether an error is one of the SDK's already. */
export function isSdkError(error: object): boolean {
  return Symbol.for(family) in error;
}

/** The error for something in a call that Wick has no place for. */
export function unsupportedFunctionality(functionality: string, message: string): Error {
  return sdkError("AI_UnsupportedFunctionalityError", message, { functionality });
}

/** Closes a `switch` over a union of the SDK's, which may have more kinds than its types say: it grows in minor versions. */
export function unsupportedKind(value: never, what: string): never {
  const { type, role = type }: { type?: unknown; role?: unknown } = Object(value);
  const functionality = `${what} of kind ${String(role)}`;
  throw unsupportedFunctionality(functionality, `This version of Wick's provider does not know a ${functionality}.`);
}

/** The error for an option that cannot be what it is. */
export function invalidArgument(argument: string, message: string): Error {
  return sdkError("AI_InvalidArgumentError", message, { argument });
}

/** The error for a prompt that a model cannot be given. */
export function invalidPrompt(prompt: unknown, message: string): Error {
  return sdkError("AI_InvalidPromptError", `Invalid prompt: ${message}`, { prompt });
}

/** The error for an answer that contradicts itself. */
export function invalidResponseData(data: unknown, message: string): Error {
  return sdkError("AI_InvalidResponseDataError", message, { data });
}

/** The error for a name that a provider does not have. */
export function noSuchModel(fields: SdkErrorFields["AI_NoSuchModelError"], message: string): Error {
  return sdkError("AI_NoSuchModelError", message, fields);
}

function sdkError<N extends keyof SdkErrorFields>(name: N, message: string, fields: SdkErrorFields[N]): Error {
  const error = new Error(message);
  error.name = name;
  markAsSdkError(error, name, fields);
  return error;
}
