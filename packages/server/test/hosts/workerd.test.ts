import { fileURLToPath } from "node:url";
import { afterAll } from "vitest";
import { startWorkerd } from "../../../../test/conformance/hosts/workerd.ts";
import { describeServer } from "./describe-server.ts";

const { fetch: send, stop } = await startWorkerd(fileURLToPath(new URL("programs/worker.ts", import.meta.url)));
afterAll(stop);
describeServer("workerd", send);
