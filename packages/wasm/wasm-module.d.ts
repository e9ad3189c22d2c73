/** `WebAssembly.Module` where a program's types have it. Those of Node have not, and to name it would be an error there. */
export type WasmModule = typeof globalThis extends { WebAssembly: { Module: { prototype: infer Module } } }
  ? Module
  : object;

/** What importing a `.wasm` file gives in hosts that compile it while they load, such as Workers. */
declare const module: WasmModule;
// oxlint-disable-next-line import/no-default-export -- That is how these hosts give it.
export default module;
