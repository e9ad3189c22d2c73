import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { CallOptions, ChatRequest, LoadOptions, SamplingRequest, Speculation } from "wick";
import type { Environment } from "../environment.js";
import { UsageError } from "../failure.js";
import type { EffectiveSettings } from "../settings/effective-settings.js";

/**
 * The options of a load that are set.
 *
 * @throws {@link UsageError}
 */
export async function loadOptions(
  settings: EffectiveSettings,
  { cwd }: Pick<Environment, "cwd">,
): Promise<LoadOptions> {
  const template = settings.get("chatTemplate");
  const offline = settings.get("offline");
  return {
    isq: settings.get("isq"),
    dtype: settings.get("dtype"),
    contextLength: settings.get("context"),
    threads: settings.get("threads"),
    device: settings.get("device"),
    backend: settings.get("backend"),
    kvCache: settings.get("kvCache"),
    kvMemoryBytes: settings.get("kvMemory"),
    maxMemoryBytes: settings.get("maxMemory"),
    speculation: speculation(settings.get("speculation")),
    chatTemplate: template === undefined ? undefined : await textOfFile(resolve(cwd, template), "--chat-template"),
    ...(offline !== undefined && { hub: { offline } }),
  };
}

/** How tokens are chosen, as far as it is set. */
export function samplingRequest(settings: EffectiveSettings): SamplingRequest {
  return {
    temperature: settings.get("temperature"),
    topP: settings.get("topP"),
    topK: settings.get("topK"),
    minP: settings.get("minP"),
    maxTokens: settings.get("maxTokens"),
    randomSeed: settings.get("seed"),
    stop: settings.get("stop"),
    repetitionPenalty: settings.get("repetitionPenalty"),
    frequencyPenalty: settings.get("frequencyPenalty"),
    presencePenalty: settings.get("presencePenalty"),
  };
}

/** What a chat has beside its messages, as far as it is set. */
export function chatSettings(settings: EffectiveSettings): Omit<ChatRequest, "messages" | "tools"> {
  const effort = settings.get("reasoning");
  return { ...samplingRequest(settings), ...(effort !== undefined && { reasoning: { effort } }) };
}

/** How a call ends early. */
export function callOptions(settings: EffectiveSettings, signal: AbortSignal): CallOptions {
  const seconds = settings.get("timeout");
  return { signal, ...(seconds !== undefined && { timeoutMs: Math.ceil(seconds * 1000) }) };
}

/**
 * The text of a file that the user named.
 *
 * @throws {@link UsageError}
 */
export async function textOfFile(path: string, flag: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw new UsageError(`${flag}: ${(error as Error).message}`, { cause: error });
  }
}

function speculation(how: string | undefined): Speculation | undefined {
  if (how === undefined || how === "off" || how === "ngram") return how;
  const [, draft] = /^draft:(.+)$/.exec(how) ?? [];
  if (draft !== undefined) return { draft };
  throw new UsageError(`--speculation is "off", "ngram" or "draft:<model>", and not "${how}".`);
}
