import { testInHost } from "./hosts/host.ts";
import { startChromium } from "./hosts/chromium.ts";

await testInHost(() => startChromium());
