import { onAbort } from "../stream/on-abort.js";

/** False: the signal fired first. */
export function sleep(ms: number, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const unhook = onAbort(signal, () => {
      clearTimeout(timer);
      resolve(false);
    });
    const timer = setTimeout(() => {
      unhook();
      resolve(true);
    }, ms);
  });
}
