import { expect, test } from "vitest";
import { keepProcessAlive } from "../src/native/keep-process-alive.js";

const timersThatHold = () => process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;

test("the process is held until nobody waits, whichever entry of the package they came through", () => {
  const before = timersThatHold();
  keepProcessAlive(true);
  keepProcessAlive(true);
  expect(timersThatHold()).toBe(before + 1);
  keepProcessAlive(false);
  expect(timersThatHold()).toBe(before + 1);
  keepProcessAlive(false);
  expect(timersThatHold()).toBe(before);
});
