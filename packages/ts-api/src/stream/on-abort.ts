const callbacks = new WeakMap<AbortSignal, Set<() => void>>();

/**
 * Calls `callback` when the signal fires; answers with how to stop that.
 *
 * A signal gets one listener for all calls that share it: Node warns of a leak at the eleventh, and a server's shutdown signal
 * has as many calls as there are clients.
 */
export function onAbort(signal: AbortSignal, callback: () => void): () => void {
  const known = callbacks.get(signal) ?? listenTo(signal);
  known.add(callback);
  return () => {
    known.delete(callback);
    if (known.size > 0 || callbacks.get(signal) !== known) return;
    callbacks.delete(signal);
    signal.removeEventListener("abort", callAll);
  };
}

function listenTo(signal: AbortSignal): Set<() => void> {
  const known = new Set<() => void>();
  callbacks.set(signal, known);
  signal.addEventListener("abort", callAll, { once: true });
  return known;
}

function callAll(this: AbortSignal): void {
  for (const callback of callbacks.get(this) ?? []) callback();
}
