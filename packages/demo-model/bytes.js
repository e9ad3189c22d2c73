import bytes from "./wick-demo.Q8_0.gguf";

export function demoModel() {
  return bytes;
}
