// `npm run test:openapi`: schemathesis asks the server what `/openapi.json` allows and what it does not, and holds the answers
// against it. `-- --max-examples 1000` asks more; other options are schemathesis' own.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "./build.mjs";
import { StepError, main, step } from "./step.mjs";
import { cache, node, root } from "./toolchain.mjs";

const version = "4.32.5";
const venv = join(cache, `schemathesis-${version}`);
const bin = join(venv, process.platform === "win32" ? "Scripts" : "bin");

/** What is asked; the checks are all that schemathesis has, but for those of its list that do not hold for this server. */
const checks = [
  // A body that breaks the schema by a field that it does not know is taken on purpose: only strict servers refuse it.
  "--exclude-checks=negative_data_rejection",
  // What the schema allows may still be no request of this model: a schema without an answer, a prompt that is too long.
  "--exclude-checks=positive_data_acceptance",
];

async function schemathesis() {
  const done = join(venv, "complete");
  if (existsSync(done)) return;
  await step("Making a Python environment", "python3", ["-m", "venv", "--clear", venv], {
    advice: "Install Python 3 with its venv module.",
  });
  const pip = ["-m", "pip", "install", "--quiet", `schemathesis==${version}`];
  await step(`Installing schemathesis ${version}`, join(bin, "python"), pip, {
    advice: "Check the connection to Python's registry, then run the same command again.",
  });
  writeFileSync(done, "");
}

await main(async () => {
  await build();
  await schemathesis();
  const server = spawn(node(), [join(root, "test/openapi/server.mjs")], { stdio: ["pipe", "pipe", "inherit"] });
  try {
    const [line] = await once(server.stdout, "data");
    const url = line.toString().trim();
    const args = [
      "run",
      `${url}/openapi.json`,
      "--max-examples=50",
      "--workers=2",
      ...checks,
      ...process.argv.slice(2),
    ];
    const child = spawn(join(bin, "schemathesis"), args, { stdio: "inherit", cwd: venv });
    const [status] = await once(child, "exit");
    if (status !== 0) throw new StepError("The server does not keep to its description: see above.");
    const health = await fetch(`${url}/health`);
    if (health.status !== 200) throw new StepError(`The server is ill after it: ${await health.text()}`);
  } finally {
    server.stdin.end();
  }
});
