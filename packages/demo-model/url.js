export function demoModel() {
  // As it stands here bundlers find it, copy the file and put in its address.
  return new URL("./wick-demo.Q8_0.gguf", import.meta.url);
}
