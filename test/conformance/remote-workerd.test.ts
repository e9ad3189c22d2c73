import { testCases } from "./hosts/host.ts";
import { startWorkerdHost } from "./hosts/workerd.ts";
import { serveEngine } from "./remote/engine-server.ts";

const server = await serveEngine();
await testCases(await startWorkerdHost("remote-workerd", { ENGINE_SERVER: server.url }));
