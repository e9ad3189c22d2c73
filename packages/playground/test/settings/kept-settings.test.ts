import { expect, test } from "vitest";
import { PassingTexts } from "../../src/page/kept-texts.ts";
import { KeptSettings, readSettings } from "../../src/settings/kept-settings.ts";
import { defaultSettings } from "../../src/settings/settings.ts";

test("what is changed is there at the next visit", () => {
  const kept = new PassingTexts();
  const settings = new KeptSettings(kept);
  expect(settings.current.value).toEqual(defaultSettings);
  settings.changeNumber("temperature", "0.7");
  settings.change({ effort: "high", tools: { calculate: "ask" } });
  expect(new KeptSettings(kept).current.value).toEqual({
    ...defaultSettings,
    numbers: { ...defaultSettings.numbers, temperature: "0.7" },
    effort: "high",
    tools: { calculate: "ask" },
  });
  settings.reset();
  expect(new KeptSettings(kept).current.value).toEqual(defaultSettings);
});

test("what cannot be read is told, and the defaults stand in its place", () => {
  for (const text of ["{", "[]", "null", JSON.stringify({ ...defaultSettings, effort: "much" })]) {
    const kept = new PassingTexts();
    kept.setItem("wick.settings", text);
    const settings = new KeptSettings(kept);
    expect({ text, isDamaged: settings.wasDamaged, is: settings.current.value }).toEqual({
      text,
      isDamaged: true,
      is: defaultSettings,
    });
  }
  expect(new KeptSettings(new PassingTexts()).wasDamaged).toBe(false);
});

test("a number that a later version adds is at its default", () => {
  const { numbers, ...rest } = defaultSettings;
  const { topLogprobs: _, ...older } = numbers;
  expect(readSettings(JSON.stringify({ ...rest, numbers: older }))).toEqual(defaultSettings);
});
