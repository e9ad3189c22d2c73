// Reads a ticket as `wick` does: takes what is there, otherwise waits for the doorbell behind a timer that keeps the process alive.
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);

/** Opens the addon only when asked: some programs must not open it in their main thread. */
export function openEngine({ Engine } = require("@wick/node")) {
  const waiting = new Map();
  const engine = new Engine(() => {
    for (const ticket of engine.woken()) waiting.get(ticket)?.();
  });
  return Object.assign(engine, { waiting });
}

const isLast = ({ kind }) => kind !== "chunk" && kind !== "progress";

export async function* readEvents(engine, command) {
  const ticket = engine.submit(JSON.stringify(command));
  for (;;) {
    const event = engine.take(ticket) ?? (await nextEvent(engine, ticket));
    yield JSON.parse(event);
    if (isLast(JSON.parse(event))) return;
  }
}

async function nextEvent(engine, ticket) {
  const alive = setInterval(() => {}, 2 ** 30);
  try {
    for (;;) {
      // The ticket was armed by the `take` that found nothing, so a ring cannot be missed between the two.
      await new Promise((resolve) => engine.waiting.set(ticket, resolve));
      const event = engine.take(ticket);
      if (event !== null) return event;
    }
  } finally {
    engine.waiting.delete(ticket);
    clearInterval(alive);
  }
}

export const endless = { kind: "null_model", events: 1e9, intervalMs: 0 };
export const endlessPaced = { kind: "null_model", events: 1e9, intervalMs: 1 };
