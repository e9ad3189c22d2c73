import { testInHost } from "./hosts/host.ts";
import { startDeno } from "./hosts/deno.ts";

await testInHost(() => startDeno());
