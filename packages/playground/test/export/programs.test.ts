import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import ts from "typescript";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Message } from "wick";
import { type ScriptedModel, scriptedModel } from "wick/testing";
import { curlCommand } from "../../src/export/curl.ts";
import type { Exported } from "../../src/export/exported.ts";
import { literal } from "../../src/export/literal.ts";
import { openaiProgram } from "../../src/export/openai-program.ts";
import { requestBody } from "../../src/export/request-body.ts";
import { wickProgram } from "../../src/export/wick-program.ts";
import { pageTools } from "../../src/tools/page-tools.ts";
import { type StandInServer, start } from "../stand-in-server.ts";

/** Within the repository, so that programs find its packages. */
const folder = fileURLToPath(new URL("../../dist/programs", import.meta.url));
let server: StandInServer;
let model: ScriptedModel;

beforeAll(async () => {
  await mkdir(folder, { recursive: true });
  model = scriptedModel({
    replies: ({ request }) => {
      const last = "messages" in request ? request.messages.at(-1) : undefined;
      if (last?.role === "tool") return `It is ${String(last.content)}.`;
      return "tools" in request && request.tools !== undefined
        ? {
            toolCalls: [
              { id: "1", type: "function", function: { name: "calculate", arguments: '{"expression":"6 * 7"}' } },
            ],
          }
        : "The sky is blue.";
    },
  });
  server = await start({ models: { m: model }, apiKey: "secret" });
});
afterAll(async () => {
  await server.stop();
  await rm(folder, { recursive: true });
});

/** Text that breaks out of whatever does not quote it. */
const hostile = `It's "quoted" \`\${process.exit(3)}\` $(exit 3) \\ \u2028 </script>\n'; exit 3; '`;
const messages: Message[] = [
  { role: "system", content: "Be brief." },
  { role: "user", content: hostile },
];

const exported = (changes: Partial<Exported> = {}): Exported => ({
  request: { messages, temperature: 0.5, topK: 40, stop: ["\n\n"], reasoning: { effort: "low" } },
  tools: [],
  serverTools: false,
  model: "m",
  baseUrl: `${server.url}/v1`,
  hasKey: true,
  isInBrowser: false,
  ...changes,
});
const tools = (use: "ask" | "run") =>
  pageTools.filter(({ definition }) => definition.name === "calculate").map((tool) => ({ tool, use }));

async function run(
  name: string,
  program: string,
  input = "",
): Promise<{ output: string; errors: string; code: number }> {
  const file = join(folder, name);
  await writeFile(file, program);
  const env = { ...process.env, WICK_API_KEY: "secret", NODE_NO_WARNINGS: "1" };
  const child = spawn(process.execPath, ["--experimental-strip-types", file], { env });
  child.stdin.end(input);
  let [output, errors] = ["", ""];
  child.stdout.on("data", (piece) => (output += piece));
  child.stderr.on("data", (piece) => (errors += piece));
  const [code] = await once(child, "close");
  return { output, errors, code };
}

/** What the compiler has to say of programs. */
function complaints(...programs: { name: string; program: string }[]): string[] {
  const files = new Map(programs.map(({ name, program }) => [join(folder, name), program]));
  const options: ts.CompilerOptions = {
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    lib: ["lib.es2023.d.ts", "lib.esnext.disposable.d.ts"],
    types: ["node"],
  };
  const host = ts.createCompilerHost(options);
  const { readFile, fileExists } = host;
  host.readFile = (name) => files.get(name) ?? readFile(name);
  host.fileExists = (name) => files.has(name) || fileExists(name);
  host.getSourceFile = (
    (getSourceFile) =>
    (name, ...rest) => {
      const program = files.get(name);
      return program === undefined
        ? getSourceFile(name, ...rest)
        : ts.createSourceFile(name, program, ts.ScriptTarget.ES2022);
    }
  )(host.getSourceFile.bind(host)) as typeof host.getSourceFile;
  const program = ts.createProgram([...files.keys()], options, host);
  return ts.getPreEmitDiagnostics(program).map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"));
}

test("programs are right by their types", async () => {
  const all = exported({ tools: pageTools.map((tool) => ({ tool, use: "ask" })), serverTools: true });
  const programs = [
    { name: "plain.ts", program: wickProgram(exported()) },
    { name: "tools.ts", program: wickProgram(all) },
    { name: "run.ts", program: wickProgram(exported({ tools: tools("run"), hasKey: false })) },
    { name: "browser.ts", program: wickProgram(exported({ isInBrowser: true })) },
    { name: "openai.ts", program: await openaiProgram(exported()) },
    { name: "openai-tools.ts", program: await openaiProgram(all) },
    { name: "wrong.ts", program: wickProgram(exported()).replace("temperature: 0.5", 'temperature: "hot"') },
  ];
  expect(complaints(...programs)).toEqual([expect.stringMatching(/Type 'string' is not assignable to type 'number'/)]);
});

describe("the program with Wick", () => {
  test("asks what the page would ask", async () => {
    const { output, code } = await run("plain.ts", wickProgram(exported()));
    expect({ output, code }).toEqual({ output: "The sky is blue.", code: 0 });
    expect(model.calls.at(-1)?.request).toMatchObject({ messages, temperature: 0.5, topK: 40, stop: ["\n\n"] });
  });

  test("runs the page's tools", async () => {
    const { output, errors, code } = await run("tools.ts", wickProgram(exported({ tools: tools("run") })));
    expect({ output, code }).toEqual({ output: "It is 42.", code: 0 });
    expect(errors).toContain("[calculate complete]");
  });

  test("asks first, where the page does", async () => {
    const program = wickProgram(exported({ tools: tools("ask") }));
    expect((await run("ask.ts", program, "y\n")).output).toBe("It is 42.");
    expect((await run("ask.ts", program, "n\n")).output).toBe("It is Denied: It was not allowed..");
  });

  test("says what went wrong", async () => {
    const { errors, code } = await run("wrong.ts", wickProgram(exported({ model: "nobody" })));
    expect(errors).toContain("not_found");
    expect(code).toBe(1);
  });
});

test("the call of curl", async () => {
  const command = await curlCommand(exported());
  const env = { ...process.env, WICK_API_KEY: "secret" };
  const { stdout } = await promisify(execFile)("bash", ["-c", `${command} --silent`], { env });
  expect(stdout).toContain('"content":" blue."');
  expect(stdout).toMatch(/data: \{"kind":"done".*\n\n$/);
  expect(model.calls.at(-1)?.request).toMatchObject({ messages, temperature: 0.5, topK: 40 });
});

test("no program has the key in it", async () => {
  const keyed = exported({ tools: tools("ask") });
  for (const program of [wickProgram(keyed), await curlCommand(keyed), await openaiProgram(keyed)]) {
    expect(program).toContain("WICK_API_KEY");
    expect(program).not.toContain("secret");
  }
  const open = exported({ hasKey: false });
  for (const program of [wickProgram(open), await curlCommand(open), await openaiProgram(open)]) {
    expect(program).not.toContain("WICK_API_KEY");
  }
});

test("the body is what Wick sends", async () => {
  expect(await requestBody({ messages, topP: 0.5, randomSeed: 7, reasoning: { effort: "low" } }, "m")).toEqual({
    model: "m",
    stream: true,
    messages,
    top_p: 0.5,
    seed: 7,
    reasoning_effort: "low",
  });
  await expect(requestBody({ messages: [], nonsense: 1 } as never, "m")).rejects.toMatchObject({
    code: "invalid_request",
  });
});

test("literals are what they stand for", () => {
  const value = {
    plain: 1,
    "with-dash": [true, null, "a\u2028b", '"'],
    long: Array.from({ length: 40 }, (_, index) => `item ${index}`),
    empty: { list: [], object: {} },
    deep: { a: { b: { c: "x".repeat(100) } } },
  };
  // oxlint-disable-next-line no-eval -- That is what a literal is for.
  expect((0, eval)(`(${literal(value)})`)).toEqual(value);
  const odd = JSON.parse('{"__proto__": 1}');
  // oxlint-disable-next-line no-eval -- That is what a literal is for.
  expect(Object.keys((0, eval)(`(${literal(odd)})`))).toEqual(["__proto__"]);
  expect(literal({ a: 1, b: [2] })).toBe("{ a: 1, b: [2] }");
});
