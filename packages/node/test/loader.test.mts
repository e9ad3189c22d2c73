import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "wick-loader-"));
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

/** What the loader throws in a folder without any addon. */
function failure() {
  const copy = join(folder, "node_modules/@wick/node");
  mkdirSync(copy, { recursive: true });
  copyFileSync(new URL("../index.js", import.meta.url), join(copy, "index.js"));
  try {
    createRequire(join(folder, "program.js"))("@wick/node");
  } catch (error) {
    return error as Error & { code: string; platform: string; tried: string };
  }
  throw new Error("the loader found an addon");
}

test("a missing platform package is named with what to do", () => {
  const error = failure();
  expect(error.code).toBe("backend_unavailable");
  expect(error.tried).toBe(`@wick/node-${error.platform}`);
  expect(error.message).toContain(`npm install ${error.tried}`);
  expect(error.message).toContain("npm below 11.3");
  expect(error.cause).toMatchObject({ code: "MODULE_NOT_FOUND", message: expect.stringContaining(error.tried) });
});

test("WICK_NATIVE_PATH is opened instead, and named when it fails", () => {
  const file = join(folder, "absent.node");
  vi.stubEnv("WICK_NATIVE_PATH", file);
  const error = failure();
  expect(error).toMatchObject({ code: "backend_unavailable", tried: file });
  expect(error.message).toContain("WICK_NATIVE_PATH");
  expect(error.cause).toMatchObject({ message: expect.stringContaining("absent.node") });
});
