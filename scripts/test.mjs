// `npm test`: all tests of the repository. The last line is `N passed, N failed`.

import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "./build.mjs";
import { buildWasm, modules } from "./build-wasm.mjs";
import { pack } from "./pack.mjs";
import { aarch64Emulator, chromium, rust, rustTarget, tmux } from "./setup.mjs";
import { StepError, step } from "./step.mjs";
import { hostBuild, node, root, tool } from "./toolchain.mjs";

const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);

/** Tests in Rust, by what cargo prints for each binary. */
async function cargo(title, args, env) {
  const { output, failed } = await step(title, "cargo", ["test", "--release", "--no-fail-fast", ...args], {
    cwd: root,
    env,
    allowFailure: true,
  });
  const results = [...output.matchAll(/^test result: \w+\. (\d+) passed; (\d+) failed/gm)];
  return {
    output,
    failed,
    passes: sum(results.map((r) => Number(r[1]))),
    failures: sum(results.map((r) => Number(r[2]))),
  };
}

/** The kernels as each of the WebAssembly modules has them, whose products must have the same bits as plain loops. */
async function kernels([name, features]) {
  const target = "wasm32-wasip1";
  await rustTarget(target);
  const flags = ["+simd128", ...features].flatMap((feature) => ["-C", `target-feature=${feature}`]);
  return cargo(`Tests of the kernels in WebAssembly, ${name}`, ["-p", "wick-kernels", "--lib", "--tests"], {
    CARGO_BUILD_TARGET: target,
    CARGO_TARGET_WASM32_WASIP1_RUNNER: `${node()} --no-warnings ${join(root, "scripts/wasi.mjs")}`,
    CARGO_TARGET_DIR: join(root, "target/wasm", name, "kernels"),
    CARGO_ENCODED_RUSTFLAGS: flags.join("\u001F"),
  });
}

/** The kernels with AVX-VNNI's instruction in AVX-512's encoding: few machines have both, and fewer the former alone. */
async function avxVnni() {
  const title = "Tests of the kernels with AVX-VNNI, encoded as AVX-512";
  if (process.arch !== "x64") return { skipped: `${title}: skipped, this is no x64.` };
  return cargo(
    title,
    ["--package", "wick-kernels", "--lib", "--tests", "--features", "avx-vnni-as-avx512"],
    hostBuild(),
  );
}

/** Tests of the kernels for aarch64, whose instructions no other machine has. */
async function aarch64() {
  const title = "Tests of the kernels for aarch64";
  const { program, missing } = await aarch64Emulator();
  if (missing !== undefined) return { skipped: `${title}: skipped, ${missing}.` };
  const target = "aarch64-unknown-linux-musl";
  await rustTarget(target);
  return cargo(title, ["--target", target, "--package", "wick-kernels", "--lib", "--tests"], {
    CARGO_TARGET_AARCH64_UNKNOWN_LINUX_MUSL_RUNNER: program,
    // Rust's own: there may be no other linker for the target.
    CARGO_TARGET_AARCH64_UNKNOWN_LINUX_MUSL_LINKER: "rust-lld",
  });
}

/** Tests in TypeScript, by vitest's report. */
async function vitest() {
  const folder = mkdtempSync(join(tmpdir(), "wick-test-"));
  const report = join(folder, "report.json");
  try {
    const [command, ...args] = tool("vitest/vitest.mjs");
    const { output, failed } = await step(
      "TypeScript tests",
      command,
      [...args, "run", "--root", root, "--reporter=default", "--reporter=json", `--outputFile.json=${report}`],
      { cwd: root, allowFailure: true },
    );
    const { numPassedTests, numFailedTests } = existsSync(report) ? JSON.parse(readFileSync(report, "utf8")) : {};
    return { output, failed, passes: numPassedTests ?? 0, failures: numFailedTests ?? 0 };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A plain script whose last line is `N passed, N failed`. */
async function runner(title, file) {
  const { output, failed } = await step(title, node(), [join(root, file)], { cwd: root, allowFailure: true });
  const [, passes = "0", failures = "0"] =
    /^(\d+) passed, (\d+) failed$/.exec(output.trimEnd().split("\n").at(-1)) ?? [];
  return { output, failed, passes: Number(passes), failures: Number(failures) };
}

const suites = [
  () => cargo("Rust tests", ["--workspace"], hostBuild()),
  ...Object.entries(modules).map((module) => () => kernels(module)),
  avxVnni,
  aarch64,
  vitest,
  () => runner("Type tests", "test/types/run.mjs"),
  async () => {
    await pack("release");
    return runner("Packaging tests", "test/packaging/run.mjs");
  },
];

/** A suite that fails without naming a test, or that ran none, counts as one failure: silence is not success. */
async function run(suite) {
  try {
    const result = await suite();
    if (result.skipped !== undefined) {
      process.stdout.write(`${result.skipped}\n`);
      return { passes: 0, failures: 0 };
    }
    for (const [line] of result.output.matchAll(/Tiers of .*$/gm)) process.stdout.write(`${line}\n`);
    if (result.failed || result.failures > 0 || result.passes === 0)
      process.stdout.write(`${result.output.trimEnd()}\n`);
    const silent = result.failures === 0 && (result.failed || result.passes === 0);
    return { passes: result.passes, failures: silent ? 1 : result.failures };
  } catch (error) {
    process.stdout.write(`${error instanceof StepError ? error.message : error.stack}\n`);
    return { passes: 0, failures: 1 };
  }
}

const results = [];
try {
  await build();
  await buildWasm();
  await rust();
  await chromium();
  await tmux();
  for (const suite of suites) results.push(await run(suite));
} catch (error) {
  process.stdout.write(`${error instanceof StepError ? error.message : error.stack}\n`);
  results.push({ passes: 0, failures: 1 });
}
const failures = sum(results.map((result) => result.failures));
process.stdout.write(`${sum(results.map((result) => result.passes))} passed, ${failures} failed\n`);
process.exitCode = failures === 0 ? 0 : 1;
