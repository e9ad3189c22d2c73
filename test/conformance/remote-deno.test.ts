import { testCases } from "./hosts/host.ts";
import { startDeno } from "./hosts/deno.ts";
import { serveEngine } from "./remote/engine-server.ts";

const server = await serveEngine();
await testCases(
  await startDeno("remote-deno", `--allow-net=${new URL(server.url).host}`, { ENGINE_SERVER: server.url }),
);
