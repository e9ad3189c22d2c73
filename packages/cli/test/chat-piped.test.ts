import { describe, expect, test } from "vitest";
import { runChild, startChild, open } from "./child.ts";
import { scriptedHost } from "./scripted-host.ts";
import { wick } from "./in-process.ts";

const none = { WICK_MODEL: "" };

describe("wick chat over pipes", () => {
  test("answers each line as a turn, with what was said before", async () => {
    const host = await scriptedHost(({ messages }) => ({ text: `**${messages.length}**` }));
    const input = 'one\n\n"""two\nlines"""\nthree\\\ngoes on\nno newline';
    expect(await runChild(["chat", ...host.args], { input, env: none })).toEqual({
      code: 0,
      stdout: "**1**\n**3**\n**5**\n**7**\n",
      stderr: "",
    });
    expect(
      host.sent
        .at(-1)
        ?.messages.filter(({ role }) => role === "user")
        .map(({ content }) => content),
    ).toEqual(["one", "two\nlines", "three\ngoes on", "no newline"]);
  });

  test("talks to the demo model, and knows commands", async () => {
    const input = "What is the capital of France?\n/stats\n/quit\nnever\n";
    const { code, stdout } = await runChild(["chat", "demo", "--temperature", "0"], { input });
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^The capital of France is Paris\.\nModel: demo .*\nConversation: 1 turn, \d+ of 2048 tokens\n/,
    );
  });

  test("goes on after a turn that fails, and ends with 1", async () => {
    const host = await scriptedHost((_, index) =>
      index === 0
        ? { end: { kind: "validation_error", error: { code: "queue_full", message: "Too many wait." } } }
        : { text: "Fine." },
    );
    const said = await runChild(["chat", ...host.args], { input: "one\n/nonsense\ntwo\n", env: none });
    expect(said).toMatchObject({ code: 1, stdout: "Fine.\n" });
    expect(said.stderr).toMatch(/^error: Too many wait\. \[queue_full\]\nerror: There is no command \/nonsense\./);
  });

  test("lets no tool run, since nobody can be asked", async () => {
    const host = await scriptedHost(({ messages }) =>
      messages.at(-1)?.role === "tool"
        ? { text: String(messages.at(-1)?.content) }
        : { toolCalls: [{ id: "1", type: "function", function: { name: "get_machine", arguments: "{}" } }] },
    );
    const said = await runChild(["chat", ...host.args, "--tools", "get_machine"], { input: "Go\n", env: none });
    expect(said).toMatchObject({ code: 0, stdout: "Denied: Nobody is there to ask.\n" });
    expect(said.stderr).toContain("Allow get_machine {}?");
  });

  test("ends with its signal, in the middle of an answer", async () => {
    const host = await scriptedHost(() => ({ text: ["Slowly", " but"], end: { kind: "hang", after: 2 } }));
    const { process: child, code, stdout } = startChild(["chat", ...host.args], { input: open, env: none });
    child.stdin?.write("Go\n");
    child.stdout?.once("data", () => child.kill("SIGTERM"));
    expect(await code).toBe(143);
    expect(await stdout).toMatch(/^Slowly/);
  });

  test("ends quietly when its reader does", async () => {
    const host = await scriptedHost(() => ({ text: Array.from({ length: 5000 }, () => "word ") }));
    const { process: child, code, stderr } = startChild(["chat", ...host.args], { input: "Go\nGo\n", env: none });
    child.stdout?.once("data", () => child.stdout?.destroy());
    expect(await code).toBe(141);
    expect(await stderr).toBe("");
  });
});

test("the program leaves nothing behind in a process that goes on", async () => {
  const listeners = () => process.listenerCount("SIGINT") + process.listenerCount("SIGTERM");
  const before = listeners();
  expect(await wick(["run", "-m", "demo", "What is the capital of France?", "--temperature", "0"])).toEqual({
    code: 0,
    stdout: "The capital of France is Paris.\n",
    stderr: "",
  });
  expect(listeners()).toBe(before);
});
