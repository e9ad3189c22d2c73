import { expect, test } from "vitest";
import { Speed } from "../../src/run/speed.ts";

test("is that of the last seconds", () => {
  const speed = new Speed();
  expect(speed.at(0)).toBeUndefined();
  for (let at = 0; at <= 10_000; at += 100) speed.add(1, at);
  expect(speed.at(10_000)).toBeCloseTo(10, 0);
  // Then twice as fast.
  for (let at = 10_050; at <= 20_000; at += 50) speed.add(1, at);
  expect(speed.at(20_000)).toBeCloseTo(20, 0);
});

test("is not told before there is enough of it", () => {
  const speed = new Speed();
  speed.add(1, 0);
  speed.add(1, 1);
  expect(speed.at(1)).toBeUndefined();
  speed.add(1, 500);
  expect(speed.at(500)).toBeCloseTo(6);
});

test("falls to nothing where nothing comes", () => {
  const speed = new Speed();
  for (let at = 0; at < 1000; at += 10) speed.add(1, at);
  expect(speed.at(60_000)).toBe(0);
});

test("keeps no more than it needs", () => {
  const speed = new Speed();
  for (let at = 0; at < 100_000; at += 1) speed.add(1, at);
  expect(speed.at(100_000)).toBeCloseTo(1000, -1);
});
