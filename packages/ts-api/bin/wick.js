#!/usr/bin/env node
// The command line is a package of its own: found beside this one, or from the folder one works in.
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

function cliFrom(place) {
  try {
    return createRequire(place).resolve("@wick/cli");
  } catch {
    return undefined;
  }
}

const cli = cliFrom(import.meta.url) ?? cliFrom(join(process.cwd(), "here.js"));
if (cli === undefined) {
  process.stderr.write("wick: the command line is not installed. npm install @wick/cli\n");
  process.exitCode = 1;
} else {
  const { main } = await import(pathToFileURL(cli).href);
  const { stdin, stdout, stderr, env } = process;
  process.exitCode = await main(process.argv.slice(2), { stdin, stdout, stderr, env, cwd: process.cwd() });
}
