import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));

interface Ended {
  stdout: string;
  stderr: string;
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** Runs Node; `onText` is told of all that was printed so far. */
function run(
  args: readonly string[],
  onText: (stdout: string, kill: (signal: NodeJS.Signals) => void) => void = () => {},
) {
  return new Promise<Ended>((resolve) => {
    const child = spawn(process.execPath, args, { cwd: root, timeout: 20_000 });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (data: Buffer) => {
      stdout += data.toString();
      onText(stdout, (signal) => child.kill(signal));
    });
    child.stderr.on("data", (data: Buffer) => (stderr += data.toString()));
    child.on("close", (code, signal) => resolve({ stdout, stderr, code, signal }));
  });
}

const program = (body: string, onText?: Parameters<typeof run>[1]) =>
  run(
    [
      "--input-type=module",
      "--eval",
      `import { Model } from "wick"; import { demoModel } from "@wick/demo-model";
       const messages = [{ role: "user", content: "Tell me a story." }];
       const model = await Model.load(demoModel());
       ${body}`,
    ],
    onText,
  );

describe("a process", () => {
  test("exits with a model loaded and nothing to wait for", async () => {
    expect(await program(`console.log("loaded");`)).toMatchObject({
      stdout: "loaded\n",
      stderr: "",
      code: 0,
      signal: null,
    });
  });

  test("exits with a stream that nobody reads on", async () => {
    const body = `const reader = model.chat.stream({ messages, ignoreEos: true })[Symbol.asyncIterator](); await reader.next(); console.log("one");`;
    expect(await program(body)).toMatchObject({ stdout: "one\n", stderr: "", code: 0, signal: null });
  });

  test("is kept while someone waits", async () => {
    const body = `model.chat.complete({ messages, maxTokens: 8 }).then(({ object }) => console.log(object));`;
    expect(await program(body)).toMatchObject({ stdout: "chat.completion\n", stderr: "", code: 0, signal: null });
  });

  test("ends by process.exit in the middle of a stream", async () => {
    const body = `for await (const r of model.chat.stream({ messages, ignoreEos: true })) if (r.kind === "chunk") process.exit(7);`;
    expect(await program(body)).toMatchObject({ stderr: "", code: 7, signal: null });
  });

  test("ends by an uncaught error in the middle of a stream", async () => {
    const body = `for await (const r of model.chat.stream({ messages, ignoreEos: true })) throw new Error(r.kind);`;
    const ended = await program(body);
    expect(ended).toMatchObject({ code: 1, signal: null });
    expect(ended.stderr).toContain("Error: chunk");
  });
});

describe("the example", () => {
  test("streams text, then one line of figures, without control codes", async () => {
    const { stdout, stderr, code } = await run(["examples/stream.ts", "What", "is", "the", "capital", "of", "France?"]);
    expect({ stderr, code }).toEqual({ stderr: "", code: 0 });
    expect(stdout).toMatch(/^The capital of France is Paris\.\n/);
    expect(stdout.trimEnd().split("\n").at(-1)).toMatch(
      /^native: \d+ tokens, first after \d+ ms, \d+ tokens per second$/,
    );
    expect([...stdout].filter((character) => character < " " && character !== "\n")).toEqual([]);
  });

  test("says the same through WebAssembly", async () => {
    const [native, wasm] = await Promise.all(
      [[], ["--import", "./scripts/wasm-instead.mjs"]].map((options) =>
        run([...options, "examples/stream.ts", "How does a battery work, in short?"]),
      ),
    );
    expect(wasm).toMatchObject({ stderr: "", code: 0 });
    const [, answer, backend] = /^(.+)\n(\w+): \d+ tokens/s.exec(wasm?.stdout ?? "") ?? [];
    expect(backend).toBe("wasm");
    expect(native?.stdout).toContain(`${answer}\nnative: `);
  });

  test("answers the same each time", async () => {
    const answers = await Promise.all(Array.from({ length: 8 }, () => run(["examples/stream.ts", "Tell me a story."])));
    const texts = answers.map(({ stdout }) => stdout.slice(0, stdout.lastIndexOf("\n", stdout.length - 2)));
    expect(new Set(texts).size).toBe(1);
    expect(texts[0]).toMatch(/\w/);
  });

  test.skipIf(process.platform === "win32")("ends at Ctrl-C with the partial text and exit code 130", async () => {
    let isAsked = false;
    const { stdout, stderr, code } = await run(
      ["examples/stream.ts", "How does a compiler work? Tell me in detail."],
      (text, kill) => {
        if (!isAsked && text.length > 0) kill("SIGINT");
        isAsked = true;
      },
    );
    expect({ stderr, code }).toEqual({ stderr: "", code: 130 });
    expect(stdout).not.toContain("tokens per second");
  });
});
