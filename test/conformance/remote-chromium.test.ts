import { testCases } from "./hosts/host.ts";
import { startChromium } from "./hosts/chromium.ts";
import { serveEngine } from "./remote/engine-server.ts";

const server = await serveEngine();
await testCases(await startChromium("remote-chromium", { ENGINE_SERVER: server.url }));
