import { once } from "node:events";
import { openSync, writeFileSync } from "node:fs";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { WickResponse } from "wick";
import { open, ownState, runChild, startChild } from "./child.ts";
import { temporaryFolder, wick } from "./in-process.ts";
import { scriptedHost } from "./scripted-host.ts";
import { program } from "./tmux.ts";

const greedy = ["--temperature", "0"];
const paris = "The capital of France is Paris.\n";

describe("wick run with the demo model", () => {
  test("answers the prompt of the command line, and says nothing else", async () => {
    expect(await runChild(["run", "What", "is the capital", "of France?", ...greedy])).toEqual({
      code: 0,
      stdout: paris,
      stderr: "",
    });
  });

  test("says that it is the demo model where none is configured", async () => {
    const { code, stdout, stderr } = await runChild(["run", "What is the capital of France?", ...greedy], {
      env: { WICK_MODEL: "" },
    });
    expect({ code, stdout }).toEqual({ code: 0, stdout: paris });
    expect(stderr).toContain("No model is configured");
  });

  test("answers what is piped in, also without a newline at its end", async () => {
    for (const input of ["What is the capital of France?\n", "What is the capital of France?"]) {
      expect((await runChild(["run", ...greedy], { input })).stdout).toBe(paris);
    }
  });

  test("does not wait for an input that is a device", async () => {
    const child = spawn(process.execPath, [program, "run", "What is the capital of France?", ...greedy], {
      env: { PATH: process.env["PATH"], ...ownState() },
      stdio: [openSync("/dev/null", "r"), "pipe", "inherit"],
    });
    const [code] = await once(child, "close");
    expect(code).toBe(0);
  });

  test("prints the whole answer at once with --no-stream, and figures with --stats", async () => {
    const said = await runChild(["run", "--no-stream", "--stats", "What is the capital of France?", ...greedy]);
    expect(said).toMatchObject({ code: 0, stdout: paris });
    expect(said.stderr).toMatch(/^\d+ \+ \d+ tokens, first after .*, [\d.]+ tokens per second\n$/);
  });

  test("--json prints every response, whole, line by line", async () => {
    const { code, stdout, stderr } = await runChild(["run", "--json", "What is the capital of France?", ...greedy]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const responses = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as WickResponse);
    const last = responses.at(-1);
    expect(responses.slice(0, -1).every(({ kind }) => kind === "chunk")).toBe(true);
    const said = responses.map((response) => (response.kind === "chunk" ? response.choices[0].delta.content : ""));
    if (last?.kind !== "done") throw new Error(`It ended with ${last?.kind}.`);
    expect(last.completion.choices[0]).toMatchObject({ message: { content: said.join("") }, finishReason: "stop" });
    expect(last.completion.usage?.completionTokens).toBeGreaterThan(5);
    expect(last.completion.timings?.firstTokenMs).toBeGreaterThan(0);
  });

  test("--raw goes on from the text, without a template", async () => {
    const args = ["run", "--raw", "--json", "--max-tokens", "4", "Once upon a time", ...greedy];
    const { code, stdout } = await runChild(args);
    expect(code).toBe(0);
    const last = JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "") as WickResponse;
    if (last.kind !== "completion_done") throw new Error(`It ended with ${last.kind}.`);
    expect(last.completion.usage).toMatchObject({ completionTokens: 4 });
  });

  test("refuses what the model cannot, with the field and without a stack", async () => {
    const { code, stdout, stderr } = await runChild(["run", "--max-tokens", "5", "word ".repeat(3000)]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(/^error: The prompt has \d+ tokens.*\[context_overflow\]\n$/);
  });

  test("a model that is not there is told with what to write instead", async () => {
    const { code, stderr } = await runChild(["run", "-m", "nowhere", "Hi"]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^error: There is no file or folder "nowhere".*wick list.*\n$/);
  });
});

describe("wick run --schema", () => {
  const schema = {
    type: "object",
    properties: { name: { type: "string" }, food: { type: "string" } },
    required: ["name", "food"],
    additionalProperties: false,
  };
  const question = "Return JSON with the keys name, food. Text: Zeynep likes honey.";
  const file = () => {
    const path = join(temporaryFolder(), "schema.json");
    writeFileSync(path, JSON.stringify(schema));
    return path;
  };

  test("prints the value and nothing else", async () => {
    expect(await runChild(["run", "--schema", file(), question, ...greedy])).toEqual({
      code: 0,
      stdout: '{"name":"Zeynep","food":"honey"}\n',
      stderr: "",
    });
  });

  test.each([
    [[], /^$/],
    [["--json"], /"kind":"done".*"finishReason":"length".*\n$/],
  ])("that is cut is told with why (%j)", async (flags, output) => {
    const args = ["run", "--schema", file(), ...flags, question, "--max-tokens", "4", ...greedy];
    const { code, stdout, stderr } = await runChild(args);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^error: The value is not whole: the answer was cut after 4 tokens\./);
    expect(stdout).toMatch(output);
  });

  test("of what is no schema ends with 2", async () => {
    const path = join(temporaryFolder(), "schema.json");
    writeFileSync(path, "[1");
    expect(await wick(["run", "--schema", path, "Hi"])).toMatchObject({ code: 2, stdout: "" });
    writeFileSync(path, "[]");
    expect((await wick(["run", "--schema", path, "Hi"])).stderr).toContain("is no JSON Schema");
  });
});

describe("wick run and its output", () => {
  const story = "Write a short story about Mia the fox.";

  test("ends quietly when its reader does", async () => {
    const { process: child, stderr, code } = startChild(["run", "--json", story, ...greedy]);
    child.stdout?.once("data", () => child.stdout?.destroy());
    expect(await code).toBe(141);
    expect(await stderr).toBe("");
  });

  test("so it does in a shell's pipe", async () => {
    const script = `"$0" "$1" run --json "${story}" | head -n 1; echo "\${PIPESTATUS[*]}"`;
    const child = spawn("bash", ["-c", script, process.execPath, program], {
      env: { PATH: process.env["PATH"], ...ownState() },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let said = "";
    child.stdout.on("data", (chunk) => (said += String(chunk)));
    child.stderr.on("data", (chunk) => (said += String(chunk)));
    await once(child, "close");
    // A pipe has room for all of an answer that is short: it may have been written before its reader left.
    expect(said).toMatch(/^\{"kind":"chunk".*\}\n(?:141|0) 0\n$/);
  });

  test("tells of a disk that is full", async () => {
    const child = spawn(process.execPath, [program, "run", story], {
      env: { PATH: process.env["PATH"], ...ownState() },
      stdio: ["ignore", openSync("/dev/full", "w"), "pipe"],
    });
    let errors = "";
    child.stderr?.on("data", (chunk) => (errors += String(chunk)));
    const [code] = await once(child, "close");
    expect(code).toBe(1);
    expect(errors).toMatch(/^error: The output cannot be written: ENOSPC/);
  });

  test("is interrupted by SIGINT, with what it has said", async () => {
    const host = await scriptedHost(() => ({ text: ["Slowly", " but"], delayMs: 20, end: { kind: "hang", after: 2 } }));
    const {
      process: child,
      stdout,
      stderr,
      code,
    } = startChild(["run", ...host.args, "Hi"], {
      env: { WICK_MODEL: "" },
    });
    let said = "";
    const interrupt = (chunk: unknown) => {
      said += String(chunk);
      if (!said.includes("but")) return;
      child.stdout?.off("data", interrupt);
      child.kill("SIGINT");
    };
    child.stdout?.on("data", interrupt);
    expect(await code).toBe(130);
    expect(await stdout).toBe("Slowly but\n");
    expect(await stderr).toBe("");
  });

  test("is interrupted while it reads its input", async () => {
    const { process: child, code } = startChild(["run"], { input: open });
    child.stdin?.write("Not the end");
    await new Promise((resolve) => {
      setTimeout(resolve, 500);
    });
    child.kill("SIGTERM");
    expect(await code).toBe(143);
  });

  test("tells a failure in the middle, and keeps what came before", async () => {
    const host = await scriptedHost(() => ({
      text: ["The sky ", "is ", "blue."],
      end: { kind: "model_error", after: 2, error: { code: "numeric_error", message: "It is not a number." } },
    }));
    const said = await runChild(["run", ...host.args, "Why?"], { env: { WICK_MODEL: "" } });
    expect(said).toEqual({ code: 1, stdout: "The sky is \n", stderr: "error: It is not a number. [numeric_error]\n" });
  });

  test("sends the task and the input as one message, and what is set", async () => {
    const host = await scriptedHost(() => ({ text: "Yes." }));
    const args = ["run", ...host.args, "--seed", "7", "--system", "Be brief.", "Summarise:"];
    await runChild(args, { env: { WICK_MODEL: "", WICK_TEMPERATURE: "0.5" }, input: "line 1\nline 2\n" });
    expect(host.sent).toMatchObject([
      {
        model: "scripted",
        seed: 7,
        temperature: 0.5,
        messages: [
          { role: "system", content: "Be brief." },
          { role: "user", content: "Summarise:\n\nline 1\nline 2" },
        ],
      },
    ]);
  });

  test("ends in time with --timeout", async () => {
    const host = await scriptedHost(() => ({ text: ["Wait"], end: { kind: "hang", after: 1 } }));
    const said = await runChild(["run", ...host.args, "--timeout", "0.3", "Hi"], { env: { WICK_MODEL: "" } });
    expect(said).toEqual({
      code: 1,
      stdout: "Wait\n",
      stderr: "error: The answer was not there in time (--timeout).\n",
    });
  });
});
