// The part of Web Workers that Wick uses. TypeScript has it only with the types of a page, which an engine must not see.

declare class Worker {
  constructor(url: string | URL, options: { type: "module"; name?: string });
  postMessage(message: unknown, transfer?: ArrayBuffer[]): void;
  addEventListener(type: "message" | "messageerror", listener: (event: { data: never }) => void): void;
  addEventListener(type: "error", listener: (event: { message?: string; preventDefault(): void }) => void): void;
  terminate(): void;
}
