import { afterAll } from "vitest";
import { startDenoServer } from "./deno-server.ts";
import { describeServer } from "./describe-server.ts";

const { url, stop } = await startDenoServer();
afterAll(stop);
describeServer("Deno", (address, init) => fetch(`${url}${address}`, init));
