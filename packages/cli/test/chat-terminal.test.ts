import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { demoModel } from "@wick/demo-model";
import { describe, expect, onTestFinished, test } from "vitest";
import { type SentChat, scriptedHost } from "./scripted-host.ts";
import { Terminal, type TerminalOptions, missingTmux } from "./tmux.ts";

/** Words of an answer that never ends by itself, slowly. */
const endless = { text: Array.from({ length: 2000 }, (_, index) => `word${index} `), delayMs: 15 };

async function start(args: readonly string[], options?: TerminalOptions): Promise<Terminal> {
  const terminal = await Terminal.start(args, options);
  onTestFinished(() => terminal[Symbol.asyncDispose]());
  return terminal;
}

/** A chat with a host, whose prompt is there. */
async function chat(args: readonly string[], options?: TerminalOptions): Promise<Terminal> {
  const terminal = await start(["chat", ...args], options);
  await terminal.until(/\/help lists[\s\S]*\n>$/);
  return terminal;
}

const lastOf = ({ messages }: SentChat) => messages.at(-1)?.content ?? "";

describe.skipIf(missingTmux !== undefined)(`wick chat at a terminal (${missingTmux ?? "in tmux"})`, () => {
  test("streams the answer of a model, as Markdown, and ends with Ctrl-D", async () => {
    const terminal = await start(["chat", "demo", "--temperature", "0"]);
    await terminal.until("/help lists");
    await terminal.enter("Show me TypeScript code that parses a number from text.");
    const text = await terminal.until(/── typescript ─+\n[^`]*parseNumber[\s\S]*\n─{70,}\n\n>$/);
    expect(text).not.toContain("```");
    await terminal.press("C-d");
    await terminal.until("[exit code 0]");
  });

  test("shows text while it comes", async () => {
    const host = await scriptedHost(() => endless);
    const terminal = await chat(host.args);
    await terminal.enter("Go on.");
    await terminal.until("word3");
    const some = await terminal.until("word40");
    expect(some).not.toContain("word1900");
  });

  test("Ctrl-C stops the answer and not the chat; what was said stays in it, marked", async () => {
    const host = await scriptedHost((sent) => (lastOf(sent) === "Go on." ? endless : { text: "Fine." }));
    const terminal = await chat(host.args);
    await terminal.enter("Go on.");
    await terminal.until("word10");
    await terminal.press("C-c");
    await terminal.until(/word\d+\n\[stopped\]\n\n>$/);
    await terminal.enter("How are you?");
    await terminal.until(/Fine\.\n\n>$/);
    const [, second] = host.sent;
    expect(second?.messages.map(({ role }) => role)).toEqual(["user", "assistant", "user"]);
    expect(second?.messages[1]?.content).toMatch(/^word0 word1 .*word10/);
    await terminal.enter("/save stopped");
    await terminal.until("Saved: /load stopped");
    const saved = JSON.parse(readFileSync(join(terminal.home, "state/wick/chats/stopped.json"), "utf8"));
    expect(saved.turns.map(({ outcome }: { outcome: string }) => outcome)).toEqual(["stopped", "whole"]);
  });

  test("Ctrl-C clears what is written, and ends an empty prompt the second time", async () => {
    const host = await scriptedHost(() => ({ text: "Fine." }));
    const terminal = await chat(host.args);
    await terminal.type("never sent");
    await terminal.until(/> never sent$/);
    await terminal.press("C-c");
    await terminal.until(/\n>$/);
    await terminal.press("C-c");
    await terminal.until(/Ctrl-C again, or Ctrl-D, ends the chat\.\n>$/);
    // What is written between the two is another beginning.
    await terminal.enter("Hi");
    await terminal.until(/Fine\.\n\n>$/);
    await terminal.press("C-c");
    await terminal.until(/ends the chat\.\n>$/);
    await terminal.press("C-c");
    await terminal.until("[exit code 0]");
    expect(host.sent.map(lastOf)).toEqual(["Hi"]);
  });

  test("what is typed while an answer comes is the next message", async () => {
    const host = await scriptedHost((_, index) => ({ text: [`a${index} `, "b ", "c."], delayMs: 300 }));
    const terminal = await chat(host.args);
    await terminal.enter("First");
    await terminal.until("a0");
    await terminal.enter("Second");
    await terminal.until(/a1 b c\.\n\n>$/);
    expect(host.sent.map(lastOf)).toEqual(["First", "Second"]);
  });

  test("has a history: up and down, a search, and the next run's", async () => {
    const host = await scriptedHost(() => ({ text: "Fine." }));
    const terminal = await chat(host.args);
    for (const text of ["the first", "a second"]) {
      await terminal.enter(text);
      await terminal.until((said) => said.endsWith("Fine.\n\n>") && said.includes(`> ${text}\nFine.`));
    }
    await terminal.type("draft");
    await terminal.press("Up", "Up");
    await terminal.until(/> the first$/);
    await terminal.press("Down", "Down");
    await terminal.until(/> draft$/);
    await terminal.press("C-u", "C-r");
    await terminal.type("fir");
    await terminal.until(/\(search\) fir: the first$/);
    await terminal.press("Enter");
    await terminal.until((said) => said.split("> the first\nFine.").length === 3);
    expect(host.sent.map(lastOf)).toEqual(["the first", "a second", "the first"]);
    const state = join(terminal.home, "state");
    const second = await chat(host.args, { env: { XDG_STATE_HOME: state } });
    await second.press("Up", "Up");
    await second.until(/> a second$/);
  });

  test("takes messages of several lines: pasted, by keys, by a backslash, between quotes", async () => {
    const host = await scriptedHost(() => ({ text: "Fine." }));
    const terminal = await chat(host.args);
    await terminal.paste("one\ntwo\n\tthree\n");
    await terminal.until(/> one\n {2}two\n {6}three$/);
    await terminal.press("Enter");
    await terminal.until(/Fine\.\n\n>$/);
    await terminal.type("four");
    await terminal.press("M-Enter");
    await terminal.type("five");
    await terminal.press("C-j");
    await terminal.enter("six\\");
    await terminal.enter("seven");
    await terminal.until((said) => said.includes("  seven\nFine."));
    await terminal.enter('"""eight');
    await terminal.enter('nine"""');
    await terminal.until((said) => said.includes('  nine"""\nFine.'));
    expect(host.sent.map(lastOf)).toEqual(["one\ntwo\n\tthree", "four\nfive\nsix\nseven", "eight\nnine"]);
  });

  test("edits wide characters, and text that is broken over lines", async () => {
    const host = await scriptedHost(() => ({ text: "Fine." }));
    const terminal = await chat(host.args, { columns: 30 });
    await terminal.type("漢字漢字漢字漢字漢字漢字漢字漢字漢字");
    await terminal.until("字漢字漢字");
    await terminal.press("Left", "Left", "BSpace");
    await terminal.type("é");
    await terminal.press("C-a");
    await terminal.type("A");
    await terminal.until((text) => text.includes("> A漢") && text.includes("é漢字"));
    expect(await terminal.cursor()).toMatchObject({ column: 3, row: 2 });
    await terminal.press("Enter");
    await terminal.until(/Fine\.\n\n>$/);
    expect(lastOf(host.sent[0] ?? { model: "", messages: [] })).toBe("A漢字漢字漢字漢字漢字漢字漢字漢é漢字");
  });

  test("/retry has the last message answered again, with another seed", async () => {
    const host = await scriptedHost((_, index) => ({ text: `Answer ${index}.` }));
    const terminal = await chat([...host.args, "--seed", "5"]);
    await terminal.enter("/retry");
    await terminal.until("nothing to answer again");
    await terminal.enter("Hi");
    await terminal.until(/Answer 0\.\n\n>$/);
    await terminal.enter("/retry");
    await terminal.until(/Answer 1\.\n\n>$/);
    expect(host.sent.map(({ seed }) => seed)).toEqual([5, 6]);
    expect(host.sent[1]?.messages).toEqual(host.sent[0]?.messages);
  });

  test("/save and /load keep a conversation, its system prompt too", async () => {
    const host = await scriptedHost((_, index) => ({ text: `Answer **${index}**.` }));
    const terminal = await chat([...host.args, "--system", "Be brief."]);
    await terminal.enter("Remember 7.");
    await terminal.until(/Answer 0\.\n\n>$/);
    await terminal.enter("/save seven");
    await terminal.until("Saved: /load seven");
    await terminal.enter("/clear");
    await terminal.until(/A new conversation\.\n>$/);
    await terminal.enter("/save ../evil");
    await terminal.until("Nothing was said yet.");
    await terminal.type("/load s");
    await terminal.press("Tab");
    await terminal.until(/> \/load seven$/);
    await terminal.press("Enter");
    await terminal.until(/> Remember 7\.\nAnswer 0\.\n\nLoaded "seven": 1 turn\.\n>$/);
    await terminal.enter("And now?");
    await terminal.until(/Answer 1\.\n\n>$/);
    expect(host.sent.at(-1)?.messages).toEqual([
      { role: "system", content: "Be brief." },
      { role: "user", content: "Remember 7." },
      { role: "assistant", content: "Answer **0**." },
      { role: "user", content: "And now?" },
    ]);
    await terminal.enter("/save ../evil");
    await terminal.until("A name has letters");
    expect(readdirSync(join(terminal.home, "state/wick/chats"))).toEqual(["seven.json"]);
    await terminal.enter("/load nowhere");
    await terminal.until('There is no saved conversation "nowhere".');
  });

  test("survives a resize, while it is written and while it is answered", async () => {
    const host = await scriptedHost(() => ({
      text: Array.from({ length: 120 }, (_, index) => `word${index} `),
      delayMs: 20,
    }));
    const terminal = await chat(host.args, { columns: 70 });
    await terminal.type("a question that is long enough to be broken over lines when the screen is narrow");
    await terminal.resize(30, 20);
    await terminal.until(/be broken over line/);
    await terminal.resize(50, 24);
    await terminal.type("!");
    await terminal.until((text) => text.replaceAll(/\n {0,2}/g, "").endsWith("when the screen is narrow!"));
    await terminal.press("Enter");
    await terminal.until("word20");
    await terminal.resize(40, 18);
    await terminal.until("word60");
    await terminal.resize(65, 24);
    const text = await terminal.until(/word119\n\n>$/);
    const words = text.match(/word\d+/g);
    expect(words).toEqual(Array.from({ length: 120 }, (_, index) => `word${index}`));
    expect(text.match(/> a question/g)).toHaveLength(1);
  });

  test("asks before a tool runs: yes, no and always", async () => {
    const calls = (expression: string) => ({
      toolCalls: [
        {
          id: "call_1",
          type: "function" as const,
          function: { name: "calculate", arguments: JSON.stringify({ expression }) },
        },
      ],
    });
    const host = await scriptedHost((sent) => {
      const last = sent.messages.at(-1);
      return last?.role === "tool" ? { text: `It gave: ${last.content}` } : calls(last?.content ?? "");
    });
    const terminal = await chat(host.args);
    await terminal.enter("/tools");
    await terminal.until(/calculate +off/);
    await terminal.enter("/tools calculate on");
    await terminal.until("You are asked before one runs.");
    await terminal.enter("6 * 7");
    await terminal.until(/Allow calculate \{"expression":"6 \* 7"\}\? \[y\]es \/ \[n\]o \/ \[a\]lways$/);
    await terminal.type("y");
    await terminal.until(/\[calculate: 42\]\nIt gave: 42\n\n>$/);
    await terminal.enter("1 / 0");
    await terminal.until(/Allow .*1 \/ 0/);
    await terminal.type("n");
    await terminal.until(/It gave: Denied: The user said no\.\n\n>$/);
    await terminal.enter("2 ^ 10");
    await terminal.until(/Allow .*2 \^ 10/);
    await terminal.type("a");
    await terminal.until(/It gave: 1024\n\n>$/);
    await terminal.enter("1 + 1");
    const text = await terminal.until(/It gave: 2\n\n>$/);
    expect(text.match(/Allow/g)).toHaveLength(3);
    expect(host.sent[0]?.tools?.map((tool) => tool.function.name)).toEqual(["calculate"]);
    // The whole exchange is part of what is said next.
    expect(host.sent.at(-1)?.messages.filter(({ role }) => role === "tool")).toHaveLength(4);
  });

  test("Ctrl-C at a question about a tool stops the answer", async () => {
    const host = await scriptedHost((sent) =>
      sent.messages.at(-1)?.content === "Hi"
        ? { text: "Fine." }
        : {
            text: "I will ask. ",
            toolCalls: [{ id: "call_1", type: "function", function: { name: "get_time", arguments: "{}" } }],
          },
    );
    const terminal = await chat([...host.args, "--tools", "all"]);
    await terminal.enter("What time is it?");
    await terminal.until(/Allow get_time/);
    await terminal.press("C-c");
    await terminal.until(/\[stopped\]\n\n>$/);
    await terminal.enter("Hi");
    await terminal.until(/Fine\.\n\n>$/);
    expect(host.sent.at(-1)?.messages.map(({ role, tool_calls: calls }) => [role, calls])).toEqual([
      ["user", undefined],
      ["assistant", undefined],
      ["user", undefined],
    ]);
  });

  test("offers to forget the oldest turns where the context is full", async () => {
    const overflow = {
      end: {
        kind: "validation_error" as const,
        error: {
          code: "context_overflow" as const,
          message: "The prompt has 60 tokens, and prompt and answer share a context of 50; shorten it.",
          details: { prompt: 60, max: 50 },
        },
      },
    };
    // Room for two turns.
    const host = await scriptedHost(({ messages }) => (messages.length > 3 ? overflow : { text: "Fine." }));
    const terminal = await chat(host.args);
    for (const text of ["one", "two"]) {
      await terminal.enter(text);
      await terminal.until((said) => said.endsWith(`> ${text}\nFine.\n\n>`));
    }
    await terminal.enter("three");
    await terminal.until(/too long for the model \(60 tokens of 50\)\. Forget the oldest turns\?/);
    await terminal.type("n");
    await terminal.until(/\/clear begins anew.*\n\n>$/s);
    await terminal.enter("four");
    await terminal.until(/Forget the oldest turns\?.*\[n\]o$/);
    await terminal.type("y");
    await terminal.until(/1 turn at the beginning were forgotten\.\n\n>$|was forgotten\.\n\n>$/);
    expect(host.sent.at(-1)?.messages.map(({ content }) => content)).toEqual(["two", "Fine.", "four"]);
  });

  test("goes on after whatever fails", async () => {
    const host = await scriptedHost((sent) =>
      lastOf(sent) === "Hi"
        ? { text: "Fine." }
        : { text: ["Half "], end: { kind: "internal_error", after: 1, error: { code: "engine_failed" } } },
    );
    const terminal = await chat(host.args);
    await terminal.enter("/modle x");
    await terminal.until("Did you mean /model?");
    await terminal.enter("/model ./nowhere.gguf");
    await terminal.until(/there is no file "\.\/nowhere\.gguf"/);
    await terminal.enter("/tools calculator on");
    await terminal.until("Did you mean calculate?");
    await terminal.enter("Fail");
    await terminal.until(/Half\n\[broken off\]\nScripted internal_error\. \[engine_failed\]\n\n>$/);
    await terminal.enter("Hi");
    expect(await terminal.until(/Fine\.\n\n>$/)).not.toMatch(/^\s+at /m);
  });

  test("shows reasoning dimmed, before the answer", async () => {
    const host = await scriptedHost(() => ({ reasoning: ["Two and two", " is four."], text: "**Four.**" }));
    const terminal = await chat(host.args, { env: { NO_COLOR: "", FORCE_COLOR: "1" } });
    await terminal.enter("2 + 2?");
    await terminal.until(/Two and two is four\.\n\nFour\.\n\n>$/);
    const styled = await terminal.styledScreen();
    expect(styled).toContain("\u001B[2mTwo and two is four.");
    expect(styled.replaceAll("\u001B[", "<")).toMatch(/<[0;]*1m(?:<[\d;]*m)*Four\./);
  });

  test("--plain shows answers as they are", async () => {
    const host = await scriptedHost(() => ({ text: "# A **bold** word and `code`" }));
    const terminal = await chat([...host.args, "--plain"], { env: { NO_COLOR: "", FORCE_COLOR: "1" } });
    await terminal.enter("Hi");
    await terminal.until(/# A \*\*bold\*\* word and `code`\n\n>$/);
    expect(await terminal.styledScreen()).not.toContain("\u001B[1m");
  });

  test("what a model writes cannot act on the terminal", async () => {
    const host = await scriptedHost(() => ({ text: ["Title: \u001B]0;evil\u0007", "\u001B[2J\u009B31m", "end"] }));
    const terminal = await chat(host.args);
    await terminal.enter("Hi");
    await terminal.until(/\n> Hi\nTitle: .*end\n\n>$/);
    expect(await terminal.tmux("display-message", "-p", "#{pane_title}")).not.toContain("evil");
  });

  test("offers the models that are downloaded, and /model changes to another", async () => {
    const home = join((await start(["--version"])).home, "hub");
    const snapshot = join(home, "models--wick--demo/snapshots", "0".repeat(40));
    mkdirSync(snapshot, { recursive: true });
    copyFileSync(demoModel(), join(snapshot, "demo.Q8_0.gguf"));
    mkdirSync(join(home, "models--wick--demo/refs"), { recursive: true });
    writeFileSync(join(home, "models--wick--demo/refs/main"), "0".repeat(40));
    const terminal = await start(["chat", "--temperature", "0"], { env: { HF_HUB_CACHE: home, HF_HUB_OFFLINE: "1" } });
    await terminal.until(/Which model\?[\s\S]*wick\/demo\/demo\.Q8_0\.gguf[\s\S]*demo/);
    await terminal.press("Enter");
    await terminal.until(/wick\/demo\/demo\.Q8_0\.gguf \(qwen3.*\/help/);
    await terminal.enter("/model demo");
    await terminal.until(/The model is demo from now on\.\n>$/);
    await terminal.enter("What is the capital of France?");
    await terminal.until(/The capital of France is Paris\.\n\n>$/);
    await terminal.enter("/stats");
    const text = await terminal.until(/Keys and values: .*\n>$/);
    expect(text).toMatch(/Model: demo \(qwen3.*\nConversation: 1 turn, \d+ of 2048 tokens\nLast answer: \d+/);
  });

  test("Ctrl-Z gives the terminal to the shell, and fg takes it back", async () => {
    const terminal = await start(["chat", "demo"], { isInteractive: true });
    await terminal.until(/\/help lists[\s\S]*\n>$/);
    await terminal.type("hello wor");
    await terminal.until(/> hello wor$/);
    await terminal.press("C-z");
    await terminal.until(/Stopped[\s\S]*\n\$$/);
    await terminal.enter("stty -a");
    expect(await terminal.until(/ icanon [\s\S]*\$$/)).toContain(" echo ");
    await terminal.enter("fg");
    await terminal.until(/> hello wor$/);
    await terminal.type("ld");
    await terminal.until(/> hello world$/);
    await terminal.press("C-c", "C-d");
    expect(await terminal.until(/\n\$$/)).not.toContain("hello world");
  });

  test("SIGTERM leaves the terminal as it was", async () => {
    const host = await scriptedHost(() => endless);
    const terminal = await chat(host.args);
    await terminal.enter("Go on.");
    await terminal.until("word10");
    const [pane = ""] = (await terminal.tmux("list-panes", "-F", "#{pane_pid}")).trim().split("\n");
    const children = execFileSync("ps", ["-o", "pid=,args=", "--ppid", pane], { encoding: "utf8" });
    const [, pid = ""] = /^\s*(\d+) .*wick\.mjs/m.exec(children) ?? [];
    process.kill(Number(pid), "SIGTERM");
    await terminal.until("[exit code 143]");
    expect(await terminal.tmux("display-message", "-p", "#{?bracket_paste_flag,paste,no}")).not.toContain("paste");
  });
});
