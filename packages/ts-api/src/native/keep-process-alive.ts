/** Far away: the timer is there to be referenced, not to fire. */
const aboutTwelveDaysMs = 2 ** 30;

let timer: NodeJS.Timeout | undefined;

/**
 * Holds the process while a reader waits. The addon's doorbell alone does not, so that an idle engine lets a program exit.
 *
 * One timer for all models of the environment, since they share one doorbell. Referencing and unreferencing it costs less than
 * making and clearing one, which matters once per token.
 */
export function keepProcessAlive(waiting: boolean): void {
  timer ??= setInterval(() => {}, aboutTwelveDaysMs);
  if (waiting) timer.ref();
  else timer.unref();
}
