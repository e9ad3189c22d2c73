import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { afterEach, expect, test, vi } from "vitest";

afterEach(() => {
  vi.unstubAllEnvs();
});

/** Runs one of the programs and says how it ended. */
function run(program: string, ...args: string[]) {
  const file = fileURLToPath(new URL(`programs/${program}.mjs`, import.meta.url));
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, [file, ...args], {
    encoding: "utf8",
    timeout: 100_000,
  });
  return { status, signal, stdout: stdout.trim(), stderr };
}

test("fifty workers open the addon and exit", () => {
  expect(run("workers-exit")).toEqual({ status: 0, signal: null, stdout: "50 workers", stderr: "" });
});

test("fifty workers are terminated while they read", () => {
  expect(run("workers-terminate")).toEqual({ status: 0, signal: null, stdout: "50 workers", stderr: "" });
});

test("fifty workers are terminated while their model decodes", () => {
  const stdout = "The capital of France is Paris.";
  expect(run("terminate-while-decoding")).toEqual({ status: 0, signal: null, stdout, stderr: "" });
});

test("process.exit while reading, fifty times", () => {
  for (let round = 0; round < 50; round += 1) {
    expect(run("exit-while-reading", "exit", String(1 + round))).toEqual({
      status: 7,
      signal: null,
      stdout: "",
      stderr: "",
    });
  }
});

test("an uncaught error while reading ends the process as always", () => {
  const { status, signal, stderr } = run("exit-while-reading", "throw", "3");
  expect({ status, signal }).toEqual({ status: 1, signal: null });
  expect(stderr).toContain("thrown on purpose");
});

test.skipIf(process.platform === "win32" /* has no signals */)(
  "SIGTERM while reading ends the process as always",
  () => {
    expect(run("exit-while-reading", "signal", "3")).toMatchObject({ status: null, signal: "SIGTERM" });
  },
);

test("an idle engine and an unread stream let the process exit", () => {
  const started = performance.now();
  expect(run("idle")).toEqual({ status: 0, signal: null, stdout: "idle", stderr: "" });
  expect(performance.now() - started).toBeLessThan(20_000); // not by the timeout
});

test("a waiting reader keeps the process alive", () => {
  expect(run("live")).toEqual({ status: 0, signal: null, stdout: "20 events", stderr: "" });
});

test("two environments read side by side", () => {
  expect(run("two-environments")).toEqual({ status: 0, signal: null, stdout: "400 events", stderr: "" });
});

test("two copies of the addon answer side by side", () => {
  vi.stubEnv("WICK_TEST_FAULTS", "1");
  const { status, signal, stdout, stderr } = run("two-copies");
  expect({ status, signal, stdout }).toEqual({ status: 0, signal: null, stdout: "The capital of France is Paris." });
  expect(stderr).toContain("a fault was injected"); // the panic of the first
});
