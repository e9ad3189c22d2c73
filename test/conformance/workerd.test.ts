import { testInHost } from "./hosts/host.ts";
import { startWorkerdHost } from "./hosts/workerd.ts";

await testInHost(() => startWorkerdHost());
