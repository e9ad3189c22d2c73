/** Reads the body of one run, of one wire form, into a queue. What is wrong with it becomes the end of that queue. */
export interface WireReader {
  /**
   * A server-sent event.
   *
   * @param isLast - The body ended in it, maybe in the middle.
   */
  event(data: string, name: string | undefined, isLast: boolean): void;
  /** A body that is no stream, but one JSON value. */
  whole(value: unknown): void;
  /** The body has ended. */
  end(): void;
}
