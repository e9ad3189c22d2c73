import { InvalidArgumentError, Option } from "commander";
import { type CommandRegistry, exampleHelp } from "./command-registry.js";
import { addSettingFlags } from "../settings/setting-flags.js";

/** Flags of `wick serve` that are no settings. */
export interface ServeFlags {
  host: string;
  port: number;
  apiKeyFile?: string;
  insecure?: true;
  allowHost?: string[];
  allowOrigin?: string[];
  metrics?: true;
  strict?: true;
  /** False of `--no-playground`. */
  playground: boolean;
  maxSequences?: number;
  maxQueue?: number;
  requestsPerMinute?: number;
  log: "text" | "json" | "off";
}

/** `wick serve`: models over HTTP. */
export function serveCommand({ program, context, action }: CommandRegistry): void {
  const command = program
    .command("serve")
    .summary("serve models over HTTP")
    .description(
      "Serves models to clients of OpenAI, Mistral and Anthropic, and to Wick, with a page to try them. On this machine alone, unless told otherwise.",
    )
    .argument("[model...]", "models, as --model names them, or name=model to call one otherwise")
    .option("--host <address>", "the address to listen on; another than this machine's needs keys", "127.0.0.1")
    .addOption(whole("--port <port>", "the port; 0 for any that is free", 0).default(8080))
    .option("--api-key-file <file>", "keys that callers need, one on a line: name:key, or the key alone")
    .option("--insecure", "listen for everyone without asking for a key")
    .option("--allow-host <name...>", "names that the server answers under, besides localhost")
    .option("--allow-origin <origin...>", "pages of other origins that may ask: https://example.com")
    .option("--metrics", "count for Prometheus, at /metrics")
    .option("--strict", "refuse fields that no call knows")
    .option("--no-playground", "no page at /")
    .addOption(whole("--max-sequences <count>", "answers that are computed together", 1))
    .addOption(whole("--max-queue <count>", "requests that may wait beyond those", 0))
    .addOption(whole("--requests-per-minute <count>", "how often one key may ask", 1))
    .addOption(
      new Option("--log <form>", "how requests are logged, on standard error")
        .choices(["text", "json", "off"])
        .default("text"),
    )
    .showHelpAfterError("(wick serve --help says more)")
    .addHelpText("after", `\n${exampleHelp(examples)}`);
  addSettingFlags(command, ["model", "load"]);
  command.action(
    action(async (models: readonly string[], flags: ServeFlags & Record<string, unknown>) => {
      const { serveModels } = await import("../serve/serve-models.js");
      return serveModels(context, models, flags);
    }),
  );
}

function whole(flags: string, description: string, least: number): Option {
  return new Option(flags, description).argParser((text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= least) return value;
    throw new InvalidArgumentError(`It is a whole number, ${least} or more.`);
  });
}

const examples = [
  ["wick serve", "the model that is configured, at http://127.0.0.1:8080"],
  ["wick serve small=./small.gguf Qwen/Qwen3-0.6B-GGUF:Q8_0", "two models; requests name the one that they want"],
  ["wick serve --host 0.0.0.0 --api-key-file keys.txt", "for others, who need a key"],
  ["curl http://127.0.0.1:8080/v1/models", "what is served"],
] as const;
