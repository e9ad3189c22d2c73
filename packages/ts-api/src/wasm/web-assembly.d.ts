// The part of WebAssembly that Wick uses. TypeScript has it only with the types of a page, which an engine must not see.

declare namespace WebAssembly {
  class Module {
    readonly [Symbol.toStringTag]: "WebAssembly.Module";
  }
  interface Memory {
    readonly buffer: ArrayBuffer;
  }
  class CompileError extends Error {}
  function compile(bytes: Uint8Array): Promise<Module>;
  function compileStreaming(response: Response): Promise<Module>;
  function validate(bytes: Uint8Array): boolean;
}
