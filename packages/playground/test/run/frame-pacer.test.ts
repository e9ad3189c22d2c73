import { expect, test } from "vitest";
import { FramePacer } from "../../src/run/frame-pacer.ts";
import { ManualClock } from "./manual-clock.ts";

test("however often it is asked, it draws once a frame", () => {
  const clock = new ManualClock();
  let drawn = 0;
  const pacer = new FramePacer(() => (drawn += 1), clock);
  for (let times = 0; times < 100; times += 1) pacer.ask();
  expect(clock.waiting).toBe(1);
  clock.frame();
  expect(drawn).toBe(1);
  clock.frame();
  expect(drawn).toBe(1);
  pacer.ask();
  clock.frame();
  expect(drawn).toBe(2);
});

test("where drawing takes long, the page has the rest of the time", () => {
  const clock = new ManualClock();
  const pacer = new FramePacer(() => (clock.time += 40), clock);
  pacer.ask();
  clock.frame();
  pacer.ask();
  expect(clock.waiting).toBe(0);
  clock.pass(59);
  expect(clock.waiting).toBe(0);
  clock.pass(1);
  expect(clock.waiting).toBe(1);
});

test("what is asked for while it draws is drawn with the next frame", () => {
  const clock = new ManualClock();
  let drawn = 0;
  const pacer: FramePacer = new FramePacer(() => {
    drawn += 1;
    if (drawn === 1) pacer.ask();
  }, clock);
  pacer.ask();
  clock.frame();
  expect([drawn, clock.waiting]).toEqual([1, 1]);
});
