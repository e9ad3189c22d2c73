import type { ChatCompletion, Completion, WickResponse } from "wick";
import type { CommandContext } from "../command-context.js";
import { printable } from "../output/printable.js";
import type { EffectiveSettings } from "../settings/effective-settings.js";
import { isColored, palette } from "../terminal/palette.js";
import { ending } from "./ending.js";

/** Prints the text of an answer. */
export interface AnswerPrinter {
  /** Prints a stream to its end; what was answered, if it came to one. */
  print(stream: AsyncIterable<WickResponse>): Promise<ChatCompletion | Completion | undefined>;
}

/** How an answer is printed. */
export interface AnswerPrinting {
  context: CommandContext;
  settings: EffectiveSettings;
  /** With headings, code and tables, where the output is a terminal. */
  isMarkdown: boolean;
  /** When all of it is there. */
  isWhole: boolean;
}

/** Where text goes. */
interface TextSink {
  write(text: string): Promise<void>;
  end(): Promise<void>;
}

export async function answerPrinter({
  context,
  settings,
  isMarkdown,
  isWhole,
}: AnswerPrinting): Promise<AnswerPrinter> {
  const isShown = isMarkdown && context.stdout.isTerminal && settings.get("plain") !== true;
  const sink = isShown ? await markdownSink(context, settings) : textSink(context);
  return { print: (stream) => print(stream, { context, sink: isWhole ? wholeSink(sink) : sink }) };
}

async function print(
  stream: AsyncIterable<WickResponse>,
  { context: { stderr, interruption }, sink }: { context: CommandContext; sink: TextSink },
): Promise<ChatCompletion | Completion | undefined> {
  let completion: ChatCompletion | Completion | undefined;
  let failure: string | undefined;
  for await (const response of stream) {
    await sink.write(textOf(response));
    const end = ending(response);
    if (end?.kind === "whole") completion = end.completion;
    else if (end?.kind === "failed") failure = end.reason;
  }
  await sink.end();
  if (failure !== undefined && !interruption.signal.aborted) stderr.write(`error: ${failure}\n`);
  return completion;
}

function textOf(response: WickResponse): string {
  if (response.kind === "chunk") return response.choices[0].delta.content ?? "";
  return response.kind === "completion_chunk" ? response.choices[0].text : "";
}

/** Text as it comes: to a terminal what it can have, elsewhere the very bytes. A newline ends what has none. */
function textSink({ stdout }: CommandContext): TextSink {
  let last = "";
  return {
    async write(text) {
      if (text === "") return;
      last = text;
      await stdout.send(stdout.isTerminal ? printable(text) : text);
    },
    async end() {
      if (last !== "" && !last.endsWith("\n")) await stdout.send("\n");
    },
  };
}

async function markdownSink({ stdout, environment }: CommandContext, settings: EffectiveSettings): Promise<TextSink> {
  const [{ LiveRows }, { PacedText }, { MarkdownDisplay }] = await Promise.all([
    import("../terminal/live-rows.js"),
    import("../terminal/paced-text.js"),
    import("../markdown/markdown-display.js"),
  ]);
  const wanted = { flag: settings.from("color", "flag"), file: settings.get("color") };
  const live = new LiveRows(stdout);
  const display = new MarkdownDisplay(live, palette(isColored(environment.stdout, environment, wanted)));
  const paced = new PacedText((text) => display.write(text));
  const unhook = stdout.onResize(() => live.noteSize());
  return {
    async write(text) {
      paced.add(text);
    },
    async end() {
      paced.flush();
      display.end();
      unhook();
    },
  };
}

function wholeSink(sink: TextSink): TextSink {
  let whole = "";
  return {
    async write(text) {
      whole += text;
    },
    async end() {
      await sink.write(whole);
      await sink.end();
    },
  };
}
