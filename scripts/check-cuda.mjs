// `npm run check:cuda`: type-checks the engine with its `cuda` feature. The CUDA compiler comes from PyPI; no GPU is needed.

import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { rust } from "./setup.mjs";
import { main, step } from "./step.mjs";
import { cache, root } from "./toolchain.mjs";

const version = "13.0.*";
const wheels = ["cuda-nvcc", "nvvm", "cuda-crt", "cuda-runtime", "cuda-cccl"].map(
  (part) => `nvidia-${part}==${version}`,
);
const venv = join(cache, "cuda-13.0");
const bin = join(venv, process.platform === "win32" ? "Scripts" : "bin");

await main(async () => {
  await rust();
  const done = join(venv, "complete");
  if (!existsSync(done)) {
    await step("Making a Python environment", "python3", ["-m", "venv", "--clear", venv], {
      advice: "Install Python 3 with its venv module.",
    });
    await step("Installing the CUDA compiler", join(bin, "python"), ["-m", "pip", "install", "--quiet", ...wheels], {
      advice: "Check the connection to PyPI, then run the same command again.",
    });
    writeFileSync(done, "");
  }
  const library = readdirSync(join(venv, "lib")).find((name) => name.startsWith("python"));
  const home = join(venv, "lib", library, "site-packages/nvidia/cu13");
  await step("Type check with CUDA", "cargo", ["check", "--release", "--package", "wick-core", "--features", "cuda"], {
    cwd: root,
    // 90: an H100. What is compiled for is checked, not run.
    env: { CUDA_HOME: home, CUDA_PATH: home, CUDA_COMPUTE_CAP: "90", PATH: `${join(home, "bin")}:${process.env.PATH}` },
  });
});
