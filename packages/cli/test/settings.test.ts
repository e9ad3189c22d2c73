import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type ModelChoice, modelChoice } from "../src/model/model-choice.ts";
import { loadOptions, samplingRequest } from "../src/model/request-settings.ts";
import { effectiveSettings } from "../src/settings/effective-settings.ts";
import { settingDefinition, settingKeys, variableOf } from "../src/settings/setting.ts";
import { settingOfJson, settingOfText } from "../src/settings/setting-value.ts";
import { temporaryFolder } from "./in-process.ts";

interface Places {
  flags?: Readonly<Record<string, unknown>>;
  env?: Readonly<Record<string, string>>;
  file?: Readonly<Record<string, unknown>>;
}

async function settingsOf({ flags = {}, env = {}, file }: Places) {
  const folder = temporaryFolder();
  if (file !== undefined) {
    await mkdir(join(folder, "wick"));
    await writeFile(join(folder, "wick", "config.json"), JSON.stringify(file));
  }
  return effectiveSettings({ env: { XDG_CONFIG_HOME: folder, XDG_STATE_HOME: folder, ...env } }, flags);
}

async function choiceOf(places: Places, cwd = process.cwd()): Promise<ModelChoice> {
  return modelChoice(await settingsOf(places), { env: places.env ?? {}, cwd });
}

describe("precedence", () => {
  const flags = { temperature: 0.1 };
  const env = { WICK_TEMPERATURE: "0.2", WICK_SEED: "2" };
  const file = { temperature: 0.3, seed: 3, topK: 3 };

  test("a flag is stronger than the environment, and that than the file", async () => {
    const settings = await settingsOf({ flags, env, file });
    expect(settings.entries()).toEqual([
      ["temperature", { value: 0.1, origin: "flag" }],
      ["topK", { value: 3, origin: "file" }],
      ["seed", { value: 2, origin: "environment" }],
    ]);
    expect(samplingRequest(settings)).toMatchObject({ temperature: 0.1, topK: 3, randomSeed: 2 });
  });

  test("a flag that says no is stronger, too", async () => {
    expect((await settingsOf({ flags: { plain: false }, file: { plain: true } })).get("plain")).toBe(false);
  });

  test("every setting is read from its variable and its key, as what it takes", async () => {
    for (const key of settingKeys) {
      const { takes } = settingDefinition(key);
      const text = { text: "x", texts: "x", bytes: "1", switch: "true" };
      const sample =
        "choices" in takes ? String(takes.choices[0]) : takes.kind in text ? text[takes.kind as "text"] : "1";
      const value = settingOfText(takes, sample);
      expect(settingOfJson(takes, value), `${key}`).toEqual(value);
      const settings = await settingsOf({ env: { [variableOf(key)]: sample } });
      expect(settings.get(key), `${key}`).toEqual(value);
    }
  });

  test("bytes have units", () => {
    const bytes = { kind: "bytes" } as const;
    expect(settingOfText(bytes, "8GB")).toBe(8e9);
    expect(settingOfText(bytes, "1.5 GiB")).toBe(1.5 * 2 ** 30);
    expect(settingOfText(bytes, "123")).toBe(123);
  });

  test("speculation by a draft model, and no hub", async () => {
    const settings = await settingsOf({ flags: { speculation: "draft:owner/small", offline: true, context: 512 } });
    expect(await loadOptions(settings, { cwd: "/" })).toMatchObject({
      speculation: { draft: "owner/small" },
      hub: { offline: true },
      contextLength: 512,
    });
  });
});

describe("the model", () => {
  test.each([
    ["owner/name", "owner/name"],
    ["owner/name:Q4_K_M", "owner/name:Q4_K_M"],
    ["owner/name/sub/file.gguf", "owner/name/sub/file.gguf"],
    ["https://host.example/a.gguf", "https://host.example/a.gguf"],
    ["~/a.gguf", "~/a.gguf"],
    ["./a.gguf", "/here/a.gguf"],
    ["a.gguf", "/here/a.gguf"],
    ["folder", "/here/folder"],
    ["/abs/a.gguf", "/abs/a.gguf"],
  ])("%s is loaded from %s", async (name, source) => {
    expect(await choiceOf({ flags: { model: name } }, "/here")).toEqual({ kind: "local", name, source });
  });

  test("of the hub may have a revision, and of no other place", async () => {
    const choice = await choiceOf({ flags: { model: "owner/name", revision: "v2" } });
    expect(choice).toMatchObject({ source: { hub: "owner/name", revision: "v2" } });
    await expect(choiceOf({ flags: { model: "./a.gguf", revision: "v2" } })).rejects.toThrow("--revision");
  });

  test("is the demo model by its name, and nobody's where there is none", async () => {
    expect(await choiceOf({ flags: { model: "demo" } })).toEqual({ kind: "demo" });
    expect(await choiceOf({})).toEqual({ kind: "none" });
  });

  test("is of a host that is configured, unless it can be of this machine alone", async () => {
    const file = { connect: "http://host.example", model: "theirs" };
    expect(await choiceOf({ file })).toMatchObject({
      kind: "hosted",
      options: { model: "theirs", provider: "openai" },
    });
    expect(await choiceOf({ file, flags: { model: "other" } })).toMatchObject({ options: { model: "other" } });
    for (const model of ["demo", "./a.gguf", "a.gguf", "/a"]) {
      expect((await choiceOf({ file, flags: { model } })).kind, `${model}`).not.toBe("hosted");
    }
    expect(await choiceOf({ file, flags: { connect: false, model: "owner/name" } })).toMatchObject({ kind: "local" });
  });

  test("that is configured is none of a host that a flag names", async () => {
    const places = { file: { model: "./mine.gguf" }, flags: { connect: "http://host.example" } };
    await expect(choiceOf(places)).rejects.toThrow("--model <name>");
  });

  test("of a host is not loaded: flags of a load are refused, and what is configured for loads is not meant", async () => {
    const flags = { provider: "mistral", model: "m" };
    await expect(choiceOf({ flags: { ...flags, threads: 2 } })).rejects.toThrow("--threads");
    expect(await choiceOf({ flags, file: { threads: 2 } })).toMatchObject({ kind: "hosted" });
  });
});

describe("a key", () => {
  const keys = { OPENAI_API_KEY: "sk-openai", MISTRAL_API_KEY: "sk-mistral" };
  const keyOf = async (places: Places) => {
    const choice = await choiceOf(places);
    return choice.kind === "hosted" ? choice.options.apiKey : "not hosted";
  };

  test("of a provider goes to that provider alone", async () => {
    const model = "m";
    expect(await keyOf({ flags: { provider: "openai", model }, env: keys })).toBe("sk-openai");
    expect(await keyOf({ flags: { provider: "mistral", model }, env: keys })).toBe("sk-mistral");
    const elsewhere = { model, connect: "http://host.example/v1" };
    expect(await keyOf({ flags: elsewhere, env: keys })).toBeUndefined();
    expect(await keyOf({ flags: { ...elsewhere, provider: "mistral" }, env: keys })).toBeUndefined();
    expect(await keyOf({ flags: { ...elsewhere, provider: "wick" }, env: keys })).toBeUndefined();
    expect(await keyOf({ flags: { model, connect: "https://api.openai.com/v1" }, env: keys })).toBe("sk-openai");
  });

  test("is WICK_API_KEY, or in the variable that is named", async () => {
    const flags = { connect: "http://host.example", model: "m" };
    const env = { ...keys, WICK_API_KEY: "sk-wick", MY_KEY: "sk-my" };
    expect(await keyOf({ flags, env })).toBe("sk-wick");
    expect(await keyOf({ flags: { ...flags, apiKeyEnv: "MY_KEY" }, env })).toBe("sk-my");
  });
});
