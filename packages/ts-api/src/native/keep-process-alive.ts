/** Far away: the timer is there to be referenced, not to fire. */
const aboutTwelveDaysMs = 2 ** 30;

let timer: NodeJS.Timeout | undefined;
let waiters = 0;

/**
 * Holds the process while a reader waits. The addon's doorbell alone does not, so that an idle engine lets a program exit.
 *
 * One timer for all entries of the environment, each of which has an engine and says for itself whether anyone waits for it.
 * Referencing and unreferencing it costs a tenth of making and clearing one, which matters once per token.
 */
export function keepProcessAlive(waiting: boolean): void {
  timer ??= setInterval(() => {}, aboutTwelveDaysMs);
  waiters += waiting ? 1 : -1;
  if (waiters > 0) timer.ref();
  else timer.unref();
}
