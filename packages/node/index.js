"use strict";
// Opens the addon of this platform. Each package is required by its literal name inside `try`, so that bundlers find the
// one that is installed and pass over the others.

const { readFileSync } = require("node:fs");

function isMusl() {
  try {
    return readFileSync("/usr/bin/ldd", "latin1").includes("musl");
  } catch {
    // No ldd: ask Node what it was linked against. The report is slow, so it comes second.
    const report = process.report?.getReport();
    return report !== undefined && report.header.glibcVersionRuntime === undefined;
  }
}

function targetOfThisProcess() {
  const { platform, arch } = process;
  if (platform === "linux") return `linux-${arch}-${isMusl() ? "musl" : "gnu"}`;
  return platform === "win32" ? `win32-${arch}-msvc` : `${platform}-${arch}`;
}

/** A file beside this one: built from the sources. */
function openBuilt(target, failures) {
  try {
    switch (target) {
      case "linux-x64-gnu":
        return require("./wick.linux-x64-gnu.node");
      case "linux-x64-musl":
        return require("./wick.linux-x64-musl.node");
      case "linux-arm64-gnu":
        return require("./wick.linux-arm64-gnu.node");
      case "linux-arm64-musl":
        return require("./wick.linux-arm64-musl.node");
      case "darwin-arm64":
        return require("./wick.darwin-arm64.node");
      case "darwin-x64":
        return require("./wick.darwin-x64.node");
      case "win32-x64-msvc":
        return require("./wick.win32-x64-msvc.node");
      case "win32-arm64-msvc":
        return require("./wick.win32-arm64-msvc.node");
    }
  } catch (error) {
    // Absent in an installed package, where only the other way is worth reporting.
    if (error.code !== "MODULE_NOT_FOUND") failures.push(error);
  }
  return undefined;
}

/** The package of the platform. */
function openInstalled(target, failures) {
  try {
    switch (target) {
      case "linux-x64-gnu":
        return require("@wick/node-linux-x64-gnu");
      case "linux-x64-musl":
        return require("@wick/node-linux-x64-musl");
      case "linux-arm64-gnu":
        return require("@wick/node-linux-arm64-gnu");
      case "linux-arm64-musl":
        return require("@wick/node-linux-arm64-musl");
      case "darwin-arm64":
        return require("@wick/node-darwin-arm64");
      case "darwin-x64":
        return require("@wick/node-darwin-x64");
      case "win32-x64-msvc":
        return require("@wick/node-win32-x64-msvc");
      case "win32-arm64-msvc":
        return require("@wick/node-win32-arm64-msvc");
    }
  } catch (error) {
    failures.push(error);
  }
  return undefined;
}

const targets = [
  "linux-x64-gnu",
  "linux-x64-musl",
  "linux-arm64-gnu",
  "linux-arm64-musl",
  "darwin-arm64",
  "darwin-x64",
  "win32-x64-msvc",
  "win32-arm64-msvc",
];

/** Each failure as the `cause` of the next, without touching the errors themselves. */
function chain(failures) {
  return failures.reduce(
    (cause, { message, code }) => Object.assign(new Error(message, { cause }), { code }),
    undefined,
  );
}

function unavailable(target, tried, failures) {
  const advice = !targets.includes(target)
    ? `This platform has no addon; there is one for ${targets.join(", ")}.`
    : process.env.WICK_NATIVE_PATH
      ? "Correct or unset WICK_NATIVE_PATH."
      : `Install it with \`npm install ${tried}\`. If it should have been installed already: npm below 11.3 loses optional ` +
        "dependencies; update npm, delete node_modules and package-lock.json, and install again.";
  const error = new Error(`The native engine could not be opened on ${target} (tried ${tried}). ${advice}`, {
    cause: chain(failures),
  });
  return Object.assign(error, { code: "backend_unavailable", platform: target, tried });
}

function open() {
  const target = targetOfThisProcess();
  const failures = [];
  const chosen = process.env.WICK_NATIVE_PATH;
  if (chosen) {
    try {
      return require(chosen);
    } catch (error) {
      throw unavailable(target, chosen, [error]);
    }
  }
  const addon = openBuilt(target, failures) ?? openInstalled(target, failures);
  if (addon === undefined) throw unavailable(target, `@wick/node-${target}`, failures);
  return addon;
}

exports.Engine = open().Engine;
