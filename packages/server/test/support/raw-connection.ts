import { once } from "node:events";
import { type Socket, connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** A connection whose every byte is the test's own. */
export class RawConnection implements Disposable {
  readonly #socket: Socket;
  readonly #pieces: string[] = [];
  #isClosed = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding("latin1");
    socket.on("data", (text: string) => {
      this.#pieces.push(text);
    });
    // How it was closed is what tests look for, not an accident of theirs.
    socket.on("error", () => {});
    socket.once("close", () => {
      this.#isClosed = true;
    });
  }

  static async open(port: number, host = "127.0.0.1"): Promise<RawConnection> {
    const socket = connect({ port, host, allowHalfOpen: true });
    const connection = new RawConnection(socket);
    await once(socket, "connect");
    return connection;
  }

  /** All that has come, each byte a character. */
  get received(): string {
    return this.#pieces.join("");
  }

  /** The same as text. */
  get text(): string {
    return Buffer.from(this.received, "latin1").toString("utf8");
  }

  /** Whether the other end is gone. */
  get isClosed(): boolean {
    return this.#isClosed || this.#socket.readableEnded;
  }

  /** The status of the first answer; 0 before it. */
  get status(): number {
    return Number(/^HTTP\/1\.1 (?<status>\d{3}) /.exec(this.#pieces[0] ?? "")?.groups?.["status"] ?? 0);
  }

  send(data: string | Uint8Array): void {
    this.#socket.write(typeof data === "string" ? Buffer.from(data, "latin1") : data);
  }

  /** Sends a request whose body is JSON. */
  post(path: string, body: object, headers: readonly string[] = []): void {
    this.send(postRequest(path, body, headers));
  }

  /** Waits until so many events have come. */
  async events(count: number): Promise<void> {
    await this.until(() => (this.received.match(/^data: /gm)?.length ?? 0) >= count, `${count} events`);
  }

  /** Waits for a text. */
  async says(text: string): Promise<void> {
    let read = 0;
    let end = "";
    const comes = () => {
      // What has come since it was last looked, and the end of that before: bodies can be long.
      const fresh = end + this.#pieces.slice(read).join("");
      read = this.#pieces.length;
      end = fresh.slice(-text.length);
      return fresh.includes(text);
    };
    await this.until(comes, JSON.stringify(text));
  }

  /** Waits until the other end is gone. */
  async closed(withinMs?: number): Promise<void> {
    await this.until(() => this.isClosed, "its end", withinMs);
  }

  /** Waits until it holds. */
  async until(holds: () => boolean, what: string, withinMs = 15_000): Promise<void> {
    const deadline = Date.now() + withinMs;
    while (!holds()) {
      if (Date.now() > deadline) throw new Error(`Waited for ${what} in vain; there came ${this.received.slice(-500)}`);
      await sleep(2);
    }
  }

  /** Takes nothing more out of the kernel. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Sends a FIN: nothing more comes from here. */
  finish(): void {
    this.#socket.end();
  }

  /** Sends a RST. */
  reset(): void {
    this.#socket.resetAndDestroy();
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }
}

/** A request as it goes over the wire. */
export function postRequest(path: string, body: object, headers: readonly string[] = []): string {
  const text = Buffer.from(JSON.stringify(body)).toString("latin1");
  const lines = [
    `POST ${path} HTTP/1.1`,
    "host: localhost",
    "content-type: application/json",
    `content-length: ${text.length}`,
    ...headers,
  ];
  return `${lines.join("\r\n")}\r\n\r\n${text}`;
}
