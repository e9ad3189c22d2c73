import { expect, test } from "vitest";
import { scrollTo, visibleRows } from "../../src/inspector/visible-rows.ts";

test("what is drawn is what is seen, and some around", () => {
  const list = { height: 260, rowHeight: 26, count: 1000 };
  expect(visibleRows({ ...list, scrollTop: 0 })).toEqual({ from: 0, to: 22 });
  expect(visibleRows({ ...list, scrollTop: 2600 })).toEqual({ from: 88, to: 122 });
  expect(visibleRows({ ...list, scrollTop: 1000 * 26 })).toEqual({ from: 988, to: 1000 });
});

test("a list that is shorter than it was has no rows beyond its end", () => {
  const list = { height: 260, rowHeight: 26, count: 3, scrollTop: 5000 };
  expect(visibleRows(list)).toEqual({ from: 3, to: 3 });
  expect(visibleRows({ ...list, count: 0 })).toEqual({ from: 0, to: 0 });
});

test("a row is scrolled to if it is not seen", () => {
  const list = { height: 260, rowHeight: 26 };
  expect(scrollTo(5, { ...list, scrollTop: 0 })).toBe(0);
  expect(scrollTo(50, { ...list, scrollTop: 0 })).toBe(51 * 26 - 260);
  expect(scrollTo(2, { ...list, scrollTop: 1000 })).toBe(52);
});
