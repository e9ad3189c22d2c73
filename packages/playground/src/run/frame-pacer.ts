/** What tells a pacer when to draw, and what time it is. */
export interface FrameClock {
  now(): number;
  /** Calls once: with the next frame of the screen where there is one. */
  next(draw: () => void): void;
  /** Calls once, so much later. */
  after(ms: number, act: () => void): void;
}

/** A page that nobody sees has no frames. */
const hiddenMs = 250;
/** Drawing takes at most this share of the time. */
const share = 0.4;

/** The browser's. */
export const screenClock: FrameClock = {
  now: () => performance.now(),
  next: (draw) => {
    if (document.hidden) setTimeout(draw, hiddenMs);
    else requestAnimationFrame(draw);
  },
  after: (ms, act) => void setTimeout(act, ms),
};

/** Draws at most once a frame, and more seldom where drawing takes long, so that the page has its turns between. */
export class FramePacer {
  readonly #clock: FrameClock;
  readonly #draw: () => void;
  #isAsked = false;
  #restedAt = 0;

  constructor(draw: () => void, clock: FrameClock = screenClock) {
    this.#draw = draw;
    this.#clock = clock;
  }

  /** There is something new to draw. */
  ask(): void {
    if (this.#isAsked) return;
    this.#isAsked = true;
    const rest = this.#restedAt - this.#clock.now();
    const wait = () => this.#clock.next(() => this.#go());
    if (rest > 0) this.#clock.after(rest, wait);
    else wait();
  }

  #go(): void {
    const began = this.#clock.now();
    this.#isAsked = false;
    this.#draw();
    const ended = this.#clock.now();
    this.#restedAt = ended + (ended - began) * (1 / share - 1);
  }
}
