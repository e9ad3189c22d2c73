/** The next turn of the host's event loop, after what it has to do. Timers wait longer: browsers give them 4 ms. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    if (typeof setImmediate === "function") setImmediate(resolve);
    else if (isWorkerd()) setTimeout(resolve);
    else postTurn(resolve);
  });
}

const turns: (() => void)[] = [];
/** Made at first use, since importing makes nothing. */
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

/** In Workers a channel belongs to the request that made it, and ends with it; timers do not wait. */
function isWorkerd(): boolean {
  return typeof navigator === "object" && navigator.userAgent === "Cloudflare-Workers";
}
