import type { FrameClock } from "../../src/run/frame-pacer.ts";

/** A clock that goes on when a test says so. */
export class ManualClock implements FrameClock {
  time = 0;
  readonly #frames: (() => void)[] = [];
  #later: { at: number; act: () => void }[] = [];

  now(): number {
    return this.time;
  }

  next(draw: () => void): void {
    this.#frames.push(draw);
  }

  after(ms: number, act: () => void): void {
    this.#later.push({ at: this.time + ms, act });
  }

  /** Frames that were asked for. */
  get waiting(): number {
    return this.#frames.length;
  }

  /** Lets time pass. */
  pass(ms: number): void {
    this.time += ms;
    const due = this.#later.filter(({ at }) => at <= this.time);
    this.#later = this.#later.filter(({ at }) => at > this.time);
    for (const { act } of due) act();
  }

  /** Draws what was asked for. */
  frame(): void {
    for (const draw of this.#frames.splice(0)) draw();
  }
}
