import { demoModel } from "@wick/demo-model";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ChatRequest, Model } from "wick";
import { numberFields, readNumber } from "../../src/settings/number-field.ts";
import { requestSettings } from "../../src/settings/request-settings.ts";
import { type NumberName, type Settings, defaultSettings } from "../../src/settings/settings.ts";

const settings = (changes: Partial<Settings>): Settings => ({ ...defaultSettings, ...changes });
const numbers = (changes: Partial<Record<NumberName, string>>): Settings =>
  settings({ numbers: { ...defaultSettings.numbers, ...changes }, logprobs: true, tools: { calculate: "run" } });

test("what is not set is not in the request", () => {
  expect(requestSettings(defaultSettings)).toEqual({ request: {}, issues: {} });
});

test("what is set is under Wick's name for it", () => {
  const all: Settings = {
    numbers: {
      temperature: "0",
      topP: "0.9",
      topK: " 40 ",
      minP: ".05",
      maxTokens: "200",
      randomSeed: "7",
      frequencyPenalty: "-1",
      presencePenalty: "+0.5",
      repetitionPenalty: "1.1",
      reasoningTokens: "64",
      topLogprobs: "3",
      maxToolRounds: "2",
    },
    stop: "END\n\\n\\n\n  indented\na\\\\n",
    effort: "low",
    logprobs: true,
    format: { kind: "json_schema", text: { json_schema: '{"type":"object"}', regex: "", choice: "" } },
    tools: { calculate: "ask" },
    serverTools: false,
  };
  expect(requestSettings(all)).toEqual({
    issues: {},
    request: {
      temperature: 0,
      topP: 0.9,
      topK: 40,
      minP: 0.05,
      maxTokens: 200,
      randomSeed: 7,
      frequencyPenalty: -1,
      presencePenalty: 0.5,
      repetitionPenalty: 1.1,
      stop: ["END", "\n\n", "  indented", "a\\n"],
      reasoning: { effort: "low", maxTokens: 64 },
      logprobs: true,
      topLogprobs: 3,
      responseFormat: { type: "json_schema", jsonSchema: { name: "answer", schemaDefinition: { type: "object" } } },
      maxToolRounds: 2,
    },
  });
});

test("what depends on what is off is not in the request", () => {
  const { request, issues } = requestSettings(
    settings({ numbers: { ...defaultSettings.numbers, topLogprobs: "nonsense", maxToolRounds: "nonsense" } }),
  );
  expect({ request, issues }).toEqual({ request: {}, issues: {} });
});

describe("formats", () => {
  const format = (kind: Settings["format"]["kind"], text: string) =>
    requestSettings(settings({ format: { kind, text: { json_schema: text, regex: text, choice: text } } }));

  test("each is written as Wick has it", () => {
    expect(format("json_object", "").request.responseFormat).toEqual({ type: "json_object" });
    expect(format("regex", "[a-z]+").request.responseFormat).toEqual({ type: "regex", regex: "[a-z]+" });
    expect(format("choice", "yes\n\n no\n").request.responseFormat).toEqual({
      type: "choice",
      choices: ["yes", " no"],
    });
  });

  test.each([
    ["json_schema", "", "Write the JSON Schema that the answer must fit."],
    ["json_schema", "[]", "The schema must be a JSON object."],
    ["json_schema", "null", "The schema must be a JSON object."],
    ["regex", "", "Write the regular expression that the answer must match."],
    ["choice", " \n", "Write the answers to choose from, one on each line."],
  ] as const)("%s %j", (kind, text, issue) => {
    expect(format(kind, text).issues).toEqual({ format: issue });
  });

  test("a schema that is no JSON says what is wrong with it", () => {
    expect(format("json_schema", '{"type": }').issues.format).toMatch(/^The schema is no JSON: .+\.$/);
  });
});

describe("stop strings", () => {
  test("are so many, and so long", () => {
    expect(requestSettings(settings({ stop: "x\n".repeat(16) })).issues).toEqual({});
    expect(requestSettings(settings({ stop: "x\n".repeat(17) })).issues.stop).toBe("Give at most 16 stop strings.");
    expect(requestSettings(settings({ stop: "é".repeat(128) })).issues).toEqual({});
    expect(requestSettings(settings({ stop: "é".repeat(129) })).issues.stop).toBe(
      "A stop string has at most 256 bytes.",
    );
  });
});

test("texts that are no numbers", () => {
  for (const text of ["x", "1x", "0x10", "Infinity", "NaN", "1,5", "--1", "1e", "1 2"]) {
    expect({ text, ...readNumber(text, numberFields.temperature) }).toEqual({
      text,
      issue: "Temperature must be a number from 0 to 10.",
    });
  }
  expect(readNumber("1e-1", numberFields.temperature)).toEqual({ value: 0.1 });
  expect(readNumber(" ", numberFields.temperature)).toEqual({});
});

/** The page must not refuse what the engine takes, nor let through what it does not. */
describe("the engine agrees", () => {
  let model: Model;
  beforeAll(async () => {
    model = await Model.load(demoModel());
  });
  afterAll(() => model.close());

  async function takes(request: Omit<ChatRequest, "messages">): Promise<boolean> {
    const stream = model.chat.stream({ maxTokens: 1, messages: [{ role: "user", content: "Hi" }], ...request });
    for await (const response of stream) return response.kind !== "validation_error";
    throw new Error("a stream without a response");
  }

  // The engine has no rounds: those are of Wick's tool loop.
  const names = (Object.keys(numberFields) as NumberName[]).filter((name) => name !== "maxToolRounds");

  test.each(names)("%s", async (name) => {
    const { least, most } = numberFields[name];
    const values = [
      least - 1,
      least,
      least + 0.5,
      least + 1,
      (least + Math.min(most, 100)) / 2,
      most,
      most + 1,
      most * 2,
    ];
    for (const value of values) {
      const read = requestSettings(numbers({ [name]: String(value) }));
      const sent =
        name === "reasoningTokens"
          ? { reasoning: { maxTokens: value } }
          : { logprobs: true, topLogprobs: 0, [name]: value };
      expect({ value, isTaken: read.issues[name] === undefined }).toEqual({ value, isTaken: await takes(sent) });
    }
  });

  test("stop strings", async () => {
    for (const stop of ["x\n".repeat(16), "x\n".repeat(17), "é".repeat(128), "é".repeat(129)]) {
      const { issues } = requestSettings(settings({ stop }));
      const sent = { stop: stop.split("\n").filter((line) => line !== "") };
      expect(issues.stop === undefined).toBe(await takes(sent));
    }
  });
});
