import { describe, expect, test } from "vitest";
import { chooseFiles } from "../../src/hub/choose-files.js";
import type { HubFile } from "../../src/hub/hub-client.js";
import { hubName } from "../../src/hub/hub-name.js";
import { hubSettings } from "../../src/hub/hub-settings.js";

describe("names", () => {
  test.each<[Parameters<typeof hubName>[0], object]>([
    ["Qwen/Qwen3-4B", { repository: "Qwen/Qwen3-4B", revision: "main" }],
    ["a/b:Q4_K_M", { repository: "a/b", revision: "main", quantization: "Q4_K_M" }],
    ["a/b/c.gguf", { repository: "a/b", revision: "main", file: "c.gguf" }],
    ["a/b/c/d.gguf", { repository: "a/b", revision: "main", file: "c/d.gguf" }],
    [{ hub: "a/b" }, { repository: "a/b", revision: "main" }],
    [
      { hub: "a/b", file: "c.gguf", revision: "refs/pr/3" },
      { repository: "a/b", revision: "refs/pr/3", file: "c.gguf" },
    ],
    [
      { hub: "a/b:Q8_0", revision: "v1.0" },
      { repository: "a/b", revision: "v1.0", quantization: "Q8_0" },
    ],
  ])("%j", (given, name) => {
    expect(hubName(given)).toEqual(name);
  });

  test.each<unknown>([
    "a",
    "a/",
    "/b",
    "a/b:",
    "a/b:Q4:x",
    "a/b:Q4/c.gguf",
    "../b",
    "a/..",
    "a/b/../c.gguf",
    "a/b//c.gguf",
    "a/b/c\\d",
    "a/b\0",
    "a--b/c",
    ".a/b",
    "a/b c",
    "a/b:../x",
    "http:/b",
    `${"a".repeat(97)}/b`,
    { hub: "a/b", file: "../c" },
    { hub: "a/b", file: "/c" },
    { hub: "a/b/c.gguf", file: "d.gguf" },
    { hub: 7 },
    { hub: "a/b", revision: "../x" },
    { hub: "a/b", revision: "a//b" },
    { hub: "a/b", revision: "a b" },
  ])("%j is none", (given) => {
    expect(() => hubName(given as string)).toThrow(expect.objectContaining({ code: "invalid_request" }));
  });

  test("a hundred thousand hostile names stay where they are", () => {
    const parts = ["..", ".", "/", "\\", "a", "b.gguf", ":", "%2e", "\0", "~", "C:", "--", "\u2028", " "];
    let state = 7;
    const draw = () => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
      return state >>> 8;
    };
    for (let count = 0; count < 100_000; count += 1) {
      const name = Array.from({ length: 1 + (draw() % 8) }, () => parts[draw() % parts.length]).join("");
      let read: ReturnType<typeof hubName> | undefined;
      try {
        read = hubName(name);
      } catch {
        continue;
      }
      const path = `${read.repository}/${read.file ?? ""}`;
      const leaves = path.split("/").some((part) => part === ".." || part === ".") || /[\\\0]/.test(path);
      if (leaves) throw new Error(`${JSON.stringify(name)} reads ${JSON.stringify(read)}`);
    }
    expect(state).not.toBe(7);
  });
});

describe("files", () => {
  const list = (...paths: string[]): HubFile[] =>
    paths.map((path) => ({ path, bytes: 1, digest: { algorithm: "sha256", hex: "" } }));
  const chosen = (files: HubFile[], name: string) => {
    const { main, files: of } = chooseFiles(files, hubName(name));
    return [main, of.map(({ path }) => path)];
  };
  const checkpoint = [
    "config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "generation_config.json",
    "chat_template.jinja",
  ];

  test.each<[string, string[], string, unknown]>([
    [
      "a checkpoint",
      [...checkpoint, "model.safetensors", "README.md", "onnx/model.onnx"],
      "a/b",
      ["", [...checkpoint, "model.safetensors"]],
    ],
    [
      "a checkpoint in shards, beside the same in one",
      [
        ...checkpoint,
        "model.safetensors.index.json",
        "model-00001-of-00002.safetensors",
        "model-00002-of-00002.safetensors",
        "consolidated.safetensors",
        "original/x.safetensors",
      ],
      "a/b",
      [
        "",
        [
          ...checkpoint,
          "model.safetensors.index.json",
          "model-00001-of-00002.safetensors",
          "model-00002-of-00002.safetensors",
        ],
      ],
    ],
    [
      "a checkpoint before GGUF files",
      [...checkpoint, "model.safetensors", "x.Q4_K_M.gguf"],
      "a/b",
      ["", [...checkpoint, "model.safetensors"]],
    ],
    ["the usual type", ["x-Q8_0.gguf", "x-Q4_K_M.gguf", "x-Q2_K.gguf"], "a/b", ["x-Q4_K_M.gguf", ["x-Q4_K_M.gguf"]]],
    ["the only file", ["weird.gguf", "mmproj-weird.gguf", "x.imatrix.gguf"], "a/b", ["weird.gguf", ["weird.gguf"]]],
    ["a type, in either case", ["x-q4_0.gguf", "x-q8_0.gguf"], "a/b:Q8_0", ["x-q8_0.gguf", ["x-q8_0.gguf"]]],
    [
      "a type that is not part of another's name",
      ["x-Q4_K_M.gguf", "x-IQ4_K.gguf", "x-Q4_K.gguf"],
      "a/b:Q4_K",
      ["x-Q4_K.gguf", ["x-Q4_K.gguf"]],
    ],
    ["a type in a folder of its own", ["Q8_0/x.gguf", "Q4_0/x.gguf"], "a/b:Q4_0", ["Q4_0/x.gguf", ["Q4_0/x.gguf"]]],
    [
      "all parts of the only file",
      ["x-00001-of-00002.gguf", "x-00002-of-00002.gguf"],
      "a/b",
      ["x-00001-of-00002.gguf", ["x-00001-of-00002.gguf", "x-00002-of-00002.gguf"]],
    ],
    [
      "the whole file before its parts",
      ["x-Q4_0-00001-of-00002.gguf", "x-Q4_0-00002-of-00002.gguf", "x-Q4_0.gguf"],
      "a/b:Q4_0",
      ["x-Q4_0.gguf", ["x-Q4_0.gguf"]],
    ],
    [
      "numbers that cannot be those of parts",
      ["x-00003-of-00002.gguf"],
      "a/b",
      ["x-00003-of-00002.gguf", ["x-00003-of-00002.gguf"]],
    ],
    ["a file", ["x.gguf", "y/z.gguf"], "a/b/y/z.gguf", ["y/z.gguf", ["y/z.gguf"]]],
  ])("%s", (_, paths, name, expected) => {
    expect(chosen(list(...paths), name)).toEqual(expected);
  });

  test.each<[string, string[], string, string, RegExp]>([
    ["no such type", ["x-Q4_0.gguf"], "a/b:Q8_0", "not_found", /x-Q4_0\.gguf/],
    ["no such file", ["x.gguf"], "a/b/y.gguf", "not_found", /x\.gguf/],
    ["several, of which none is usual", ["x-IQ1_S.gguf", "x-IQ2_S.gguf"], "a/b", "not_found", /say which/],
    ["pickles", ["pytorch_model.bin", "config.json"], "a/b", "model_unsupported", /never opened/],
    ["nothing", ["README.md"], "a/b", "model_unsupported", /neither/],
    ["a part that is missing", ["x-Q4_0-00001-of-00002.gguf"], "a/b:Q4_0", "not_found", /x-Q4_0-00002-of-00002\.gguf/],
  ])("%s: told with what there is", (_, paths, name, code, message) => {
    expect(() => chosen(list(...paths), name)).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) }),
    );
  });
});

describe("settings", () => {
  test.each<[NodeJS.ProcessEnv, object, object]>([
    [{ HF_HOME: "/h" }, {}, { cacheFolder: "/h/hub", isOffline: false }],
    [{ HF_HOME: "/h", HF_HUB_CACHE: "/c" }, {}, { cacheFolder: "/c" }],
    [{ XDG_CACHE_HOME: "/x" }, {}, { cacheFolder: "/x/huggingface/hub" }],
    [{ HF_HUB_CACHE: "/c" }, { cacheDir: "/mine" }, { cacheFolder: "/mine" }],
    [{ HF_TOKEN: "t" }, {}, { token: "t" }],
    [{ HF_TOKEN: "t" }, { token: "mine" }, { token: "mine" }],
    [{ HF_HUB_OFFLINE: "1" }, {}, { isOffline: true }],
    [{ HF_HUB_OFFLINE: "0" }, {}, { isOffline: false }],
    [{ HF_HUB_OFFLINE: "1" }, { offline: false }, { isOffline: false }],
    [{ HF_ENDPOINT: "http://e" }, {}, { endpoint: new URL("http://e") }],
  ])("%j, %j", async (env, options, expected) => {
    expect(await hubSettings(options, env)).toMatchObject(expected);
  });

  test("an endpoint that is none", async () => {
    await expect(hubSettings({ endpoint: "file:///x" }, {})).rejects.toMatchObject({ code: "invalid_request" });
  });
});
