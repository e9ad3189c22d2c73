const signals = ["SIGTERM", "SIGINT"] as const;
const numbers = { SIGTERM: 15, SIGINT: 2 };

/**
 * Ends a server at the first signal, and the process at the second.
 *
 * @returns Forgets the signals.
 */
export function onSignals(close: () => Promise<void>): () => void {
  let isClosing = false;
  const listeners = signals.map((signal) => {
    const listener = () => {
      if (isClosing) process.exit(128 + numbers[signal]);
      isClosing = true;
      void close();
    };
    process.on(signal, listener);
    return () => process.off(signal, listener);
  });
  return () => {
    for (const forget of listeners) forget();
  };
}
