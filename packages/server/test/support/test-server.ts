import type { Model } from "wick";
import { type Server, type ServerLogEntry, type ServerOptions, createServer } from "../../src/index.ts";
import { Caller } from "./caller.ts";

/** A server in this process: requests come to it as to a fetch handler. */
export interface TestServer extends Caller {
  readonly server: Server;
  /** What it has told, in order. */
  readonly log: readonly ServerLogEntry[];
}

/** @param models - By name, or one that is called `demo`. */
export function testServer(
  models: Model | ServerOptions["models"],
  options: Omit<ServerOptions, "models" | "log"> = {},
  headers?: Readonly<Record<string, string>>,
): TestServer {
  const log: ServerLogEntry[] = [];
  const server = createServer({
    models: isModel(models) ? { demo: models } : models,
    log: (entry) => log.push(entry),
    ...options,
  });
  const caller = new Caller((address, init) => server.fetch(new Request(`http://localhost${address}`, init)), headers);
  return Object.assign(caller, { server, log });
}

function isModel(models: Model | ServerOptions["models"]): models is Model {
  return "chat" in models && "info" in models;
}
