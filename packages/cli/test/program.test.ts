import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { temporaryFolder, wick } from "./in-process.ts";

const commands = ["chat", "run", "list", "bench", "config", "completions"];

async function withConfig(config: string): Promise<{ env: Record<string, string>; path: string }> {
  const folder = temporaryFolder();
  const path = join(folder, "wick", "config.json");
  await mkdir(dirname(path));
  await writeFile(path, config);
  return { env: { XDG_CONFIG_HOME: folder }, path };
}

describe("help", () => {
  test("lists the commands, examples and exit codes", async () => {
    const { code, stdout, stderr } = await wick(["--help"]);
    expect(code).toBe(0);
    expect(stderr).toBe("");
    for (const command of commands) expect(stdout).toMatch(new RegExp(`^ {2}${command}\\b`, "m"));
    expect(stdout).toContain("Examples:\n  $ wick chat\n");
    expect(stdout).toMatch(/Exit codes:\n {2}0 {4}done\n/);
  });

  test.each(commands)("of %s has examples, of commands that exist and with flags that it has", async (command) => {
    const { code, stdout } = await wick([command, "--help"]);
    expect(code).toBe(0);
    const examples = stdout.split("Examples:\n")[1] ?? "";
    expect(examples).toMatch(/^ {2}\$ .*wick/m);
    const [, ...words] = /wick (.*)$/m.exec(examples)?.[0]?.split(" ") ?? [];
    expect(words[0]).toBe(command);
    for (const flag of examples.match(/(?<=wick .*)--[a-z-]+/g) ?? []) expect(stdout).toContain(flag);
  });

  test("without a command stands on the error output, and is a mistake", async () => {
    const { code, stdout, stderr } = await wick([]);
    expect(code).toBe(2);
    expect(stdout).toBe("");
    expect(stderr).toContain("Usage: wick");
  });

  test("--version is the package's", async () => {
    const { version } = (await import("../package.json", { with: { type: "json" } })).default;
    expect(await wick(["--version"])).toEqual({ code: 0, stdout: `${version}\n`, stderr: "" });
  });
});

describe("a wrong command line ends with 2, and says what is right", () => {
  test.each([
    [["cht"], "Did you mean chat?"],
    [["run", "--temprature", "1", "Hi"], "Did you mean --temperature?"],
    [["run", "--temperature", "hot", "Hi"], "It is a number from 0 to 2."],
    [["run", "--temperature", "0x1", "Hi"], "It is a number from 0 to 2."],
    [["run", "--top-k", "1.5", "Hi"], "It is a whole number, 0 or more."],
    [["run", "--isq", "7", "Hi"], "It is one of 2, 3, 4, 5, 6, 8."],
    [["run", "--device", "gpu", "Hi"], "It is one of auto, cpu, cuda, metal."],
    [["run", "--kv-memory", "2XB", "Hi"], "It is a number of bytes"],
    [["run", "--kv-memory", "1constructor", "Hi"], "It is a number of bytes"],
    [["run", "--speculation", "magic", "Hi"], '"draft:<model>"'],
    [["run", "--json", "--markdown", "Hi"], "cannot be used with"],
    [["run", "--raw", "--system", "x", "Hi"], "cannot be used with"],
    [["run", "--raw", "--schema", "x", "Hi"], "cannot be used with"],
    [["run"], "There is no prompt."],
    [["run", "--schema", "nowhere.json", "Hi"], "no such file"],
    [["run", "--chat-template", "nowhere.jinja", "-m", "demo", "Hi"], "no such file"],
    [["chat", "demo", "other"], "too many arguments"],
    [["chat", "demo", "--model", "other"], "name a model"],
    [["chat", "demo", "--tools", "calculator"], "Did you mean calculate?"],
    [["bench", "demo", "--repeat", "0"], "It is a whole number, 1 or more."],
    [["bench", "--connect", "http://127.0.0.1:9", "-m", "x"], "on this machine"],
    [["bench", "demo", "--prompt-tokens", "9999"], "do not fit a context of 2048"],
    [["run", "--connect", "localhost:80", "-m", "x", "Hi"], "an address like"],
    [["run", "--connect", "http://127.0.0.1:9", "Hi"], "--model <name>"],
    [["run", "--provider", "mistralrs", "-m", "x", "Hi"], "Say where the host is"],
    [["run", "--connect", "http://127.0.0.1:9", "-m", "x", "--isq", "4", "Hi"], "--isq"],
    [
      ["run", "--connect", "http://127.0.0.1:9", "-m", "x", "--api-key-env", "NO_KEY", "Hi"],
      "NO_KEY, which is not set",
    ],
    [["run", "-m", "demo", "--revision", "x", "Hi"], "--revision"],
    [["completions", "csh"], "Allowed choices are bash, zsh, fish"],
  ])("wick %j", async (args, advice) => {
    const { code, stdout, stderr } = await wick(args);
    expect(stderr).toContain(advice);
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(stdout).toBe("");
    expect(code).toBe(2);
  });

  test.each([
    ["{ model: 1 }", "is no JSON"],
    ["[]", "must be a JSON object"],
    ['{ "temprature": 1 }', 'Did you mean "temperature"?'],
    ['{ "constructor": 1 }', '"constructor" is no setting'],
    ['{ "apiKey": "secret" }', "a key does not belong in a file"],
    ['{ "temperature": "1" }', "It is a number from 0 to 2."],
    ['{ "isq": 7 }', "It is one of 2, 3, 4, 5, 6, 8."],
    ['{ "stop": [1] }', "It is a list of strings."],
    ['{ "plain": "yes" }', "It is true or false."],
  ])("a configuration file of %s is told with its path", async (config, advice) => {
    const { env, path } = await withConfig(config);
    const { code, stderr } = await wick(["config"], { env });
    expect(stderr).toContain(path);
    expect(stderr).toContain(advice);
    expect(code).toBe(2);
  });

  test("so is a variable", async () => {
    const { code, stderr } = await wick(["config"], { env: { WICK_TOP_P: "much" } });
    expect(stderr).toContain('WICK_TOP_P is "much". It is a number from 0 to 1.');
    expect(code).toBe(2);
  });
});

describe("wick config", () => {
  test("shows what is set and where, the environment over the file", async () => {
    const { env, path } = await withConfig(
      '{ "model": "demo", "topP": 0.5, "stop": ["a", "b"], "kvMemory": "2GB", "plain": true }',
    );
    const { code, stdout } = await wick(["config"], { env: { ...env, WICK_TOP_P: "0.25", WICK_API_KEY: "secret" } });
    expect(code).toBe(0);
    expect(stdout).toContain(`Configuration file: ${path}\n`);
    expect(stdout).toMatch(/^model +"demo" +the file$/m);
    expect(stdout).toMatch(/^topP +0.25 +WICK_TOP_P$/m);
    expect(stdout).toMatch(/^kvMemory +2000000000 +the file$/m);
    expect(stdout).toMatch(/^stop +\["a","b"\] +the file$/m);
    expect(stdout).toMatch(/^apiKey +\(set\) +WICK_API_KEY$/m);
    expect(stdout).not.toContain("secret");
  });

  test("--json has the same, --all also what is not set", async () => {
    const { env, path } = await withConfig('{ "seed": 7 }');
    const { stdout } = await wick(["config", "--json"], { env });
    expect(JSON.parse(stdout)).toMatchObject({
      file: path,
      settings: { seed: { value: 7, origin: "file" } },
      apiKey: { isSet: false },
    });
    expect((await wick(["config", "--all"], { env })).stdout).toMatch(/^temperature +WICK_TEMPERATURE +from 0/m);
  });

  test("an empty variable is not set, and a relative XDG folder is not used", async () => {
    const { stdout } = await wick(["config"], { env: { WICK_MODEL: "", XDG_CONFIG_HOME: "here" } });
    expect(stdout).toContain("Nothing is set.");
    expect(stdout).not.toContain("file: here");
  });
});
