export type { Environment, InputStream, OutputStream, SignalSource } from "./environment.js";
export { main } from "./main.js";
