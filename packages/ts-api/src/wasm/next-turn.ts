/** Runs `act` in the next turn of the host's event loop, after what it has to do. Timers wait longer: browsers give them 4 ms. */
export function nextTurn(act: () => void): void {
  if (typeof setImmediate === "function") setImmediate(act);
  else if (typeof MessageChannel === "function") postTurn(act);
  else setTimeout(act);
}

const turns: (() => void)[] = [];
/** Made at first use: Workers allow no such thing while a module is evaluated. */
let channel: InstanceType<typeof MessageChannel> | undefined;

function postTurn(act: () => void): void {
  if (channel === undefined) {
    channel = new MessageChannel();
    channel.port1.addEventListener("message", () => turns.shift()?.());
    channel.port1.start();
  }
  turns.push(act);
  channel.port2.postMessage(null);
}
