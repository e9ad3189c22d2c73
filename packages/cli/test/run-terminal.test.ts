import { describe, expect, onTestFinished, test } from "vitest";
import { scriptedHost } from "./scripted-host.ts";
import { Terminal, missingTmux } from "./tmux.ts";

const markdown = "# Title\n\n- **bold**\n\n```\ncode\n```\nEnd: \u001B]0;evil\u0007.";

async function run(args: readonly string[]): Promise<Terminal> {
  const terminal = await Terminal.start(["run", ...args, "Hi"]);
  onTestFinished(() => terminal[Symbol.asyncDispose]());
  return terminal;
}

describe.skipIf(missingTmux !== undefined)(`wick run at a terminal (${missingTmux ?? "in tmux"})`, () => {
  test("prints text as it is, but for what a terminal would act on", async () => {
    const host = await scriptedHost(() => ({ text: markdown }));
    const terminal = await run(host.args);
    const text = await terminal.until("[exit code 0]");
    expect(text).toMatch(/^# Title\n\n- \*\*bold\*\*\n\n```\ncode\n```\nEnd: .*evil.*\n\[exit code 0\]$/);
    expect(await terminal.tmux("display-message", "-p", "#{pane_title}")).not.toContain("evil");
  });

  test.each([[["--markdown"]], [["--markdown", "--no-stream"]]])("shows Markdown with %j", async (flags) => {
    const host = await scriptedHost(() => ({ text: [...markdown] }));
    const terminal = await run([...host.args, ...flags]);
    const text = await terminal.until("[exit code 0]");
    expect(text).toMatch(/^Title\n\n• bold\n\n─{80}\ncode\n─{80}\n\nEnd: .*evil.*\n\[exit code 0\]$/);
  });

  test("ends with Ctrl-C, and keeps what was said", async () => {
    const host = await scriptedHost(() => ({ text: ["Slowly", " but"], end: { kind: "hang", after: 2 } }));
    const terminal = await run(host.args);
    await terminal.until("Slowly but");
    await terminal.press("C-c");
    expect(await terminal.until("[exit code 130]")).toMatch(/^Slowly but\^C\n\[exit code 130\]$/);
  });

  test("says that it loads, and takes that away", async () => {
    const terminal = await run(["-m", "demo", "--max-tokens", "1"]);
    expect(await terminal.until("[exit code 0]")).not.toContain("Loading");
  });
});
