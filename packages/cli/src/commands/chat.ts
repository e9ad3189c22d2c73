import { type CommandRegistry, exampleHelp } from "./command-registry.js";
import { addSettingFlags } from "../settings/setting-flags.js";

/** `wick chat`: a conversation. */
export function chatCommand({ program, context, action }: CommandRegistry): void {
  const command = program
    .command("chat")
    .summary("talk to a model")
    .description(
      "A conversation. /help in it lists its commands and keys. Where input is piped in, each line is a turn, and answers are plain text.",
    )
    .argument("[model]", "the model, as --model names it")
    .showHelpAfterError("(wick chat --help says more)")
    .addHelpText("after", `\n${exampleHelp(examples)}`);
  addSettingFlags(command, ["model", "load", "sampling", "chat", "output"]);
  command.action(
    action(async (model: string | undefined, flags: Record<string, unknown>) => {
      const { chat } = await import("../chat/chat.js");
      return chat(context, model, flags);
    }),
  );
}

const examples = [
  ["wick chat", "talk to the model that is configured, or choose one"],
  ["wick chat ./model.gguf --context 8192", "a file of yours"],
  ["wick chat Qwen/Qwen3-0.6B-GGUF:Q8_0 --tools all", "a model of the hub, which may use the built-in tools"],
  ["wick chat --provider mistral -m mistral-small-latest", "a hosted model, with the key in MISTRAL_API_KEY"],
  ["wick chat --connect http://localhost:8080 -m qwen3", "a server of yours that speaks OpenAI's API"],
  ["printf 'Hi!\\nWho are you?\\n' | wick chat demo", "two turns, without a terminal"],
] as const;
