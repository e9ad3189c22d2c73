// `npm run fuzz -- [target] [seconds]`: every fuzz target, or one, for ten minutes each unless told otherwise.

import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { cargoTool, rust } from "./setup.mjs";
import { StepError, main, step } from "./step.mjs";
import { root } from "./toolchain.mjs";

const targets = readdirSync(join(root, "fuzz/fuzz_targets")).map((file) => file.replace(/\.rs$/, ""));
/** The targets that need no engine build in seconds without it. */
const formats = new Set(["gguf", "safetensors"]);
const [wanted, seconds = "600"] = process.argv.slice(2);

await main(async () => {
  if (wanted !== undefined && !targets.includes(wanted))
    throw new StepError(`No target ${wanted}; there are ${targets.join(", ")}.`);
  await rust();
  const program = await cargoTool("cargo-fuzz", "0.13.2");
  for (const target of wanted === undefined ? targets : [wanted]) {
    const found = join(root, "fuzz/work", target);
    if (!existsSync(found)) {
      mkdirSync(found, { recursive: true });
      await step(
        `Unpacking what earlier runs found for ${target}`,
        "tar",
        ["-xzf", `fuzz/corpus/${target}.tgz`, "-C", found],
        {
          cwd: root,
          advice: "`tar` comes with Linux, macOS and Windows 10; without it, make the folder by hand.",
        },
      );
    }
    const limits = [
      `-max_total_time=${seconds}`,
      "-rss_limit_mb=1024",
      "-malloc_limit_mb=256",
      "-timeout=5",
      "-max_len=65536",
    ];
    const { output } = await step(
      `Fuzzing ${target}`,
      program,
      [
        "fuzz",
        "run",
        ...(formats.has(target) ? ["--no-default-features"] : []),
        target,
        found,
        join(root, "fuzz/corpus", target),
        "--",
        ...limits,
      ],
      {
        cwd: root,
        env: { RUSTUP_TOOLCHAIN: "nightly" },
        advice:
          "A missing nightly compiler is installed by `rustup toolchain install nightly`. Of a crash, fuzz/README.md says what to do.",
      },
    );
    process.stdout.write(`${output.trimEnd().split("\n").at(-1)}\n`);
  }
});
