import { isAbsolute, join } from "node:path";
import type { Environment } from "../environment.js";

/** Where the program keeps things. */
export interface Folders {
  /** The configuration file. */
  configFile: string;
  /** History and saved chats. */
  state: string;
}

/**
 * By the XDG base directories (https://specifications.freedesktop.org/basedir-spec), also where they are set on systems that have
 * other customs; else by those of the system.
 */
export async function folders({ env }: Pick<Environment, "env">): Promise<Folders> {
  const { default: envPaths } = await import("env-paths");
  // What env-paths calls the log is XDG's state on Linux.
  const { config, log, data } = envPaths("wick", { suffix: "" });
  const state = process.platform === "linux" ? log : data;
  return {
    configFile: join(xdg(env["XDG_CONFIG_HOME"]) ?? config, "config.json"),
    state: xdg(env["XDG_STATE_HOME"]) ?? state,
  };
}

/** Relative paths are not to be used, says the specification. */
function xdg(folder: string | undefined): string | undefined {
  return folder !== undefined && isAbsolute(folder) ? join(folder, "wick") : undefined;
}
