import { fileURLToPath } from "node:url";

export function demoModel() {
  return fileURLToPath(new URL("./wick-demo.Q8_0.gguf", import.meta.url));
}
