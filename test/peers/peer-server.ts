import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";

/** A server that runs. */
export interface PeerServer {
  url: string;
  stop(): Promise<void>;
}

/** Starts a server, of which `args` are for a port, and waits until it says `ready`. */
export async function startPeer(
  command: string,
  args: (port: string) => readonly string[],
  ready: string,
): Promise<PeerServer> {
  const port = await freePort();
  const child = spawn(command, args(String(port)), { env: { ...process.env, HF_HUB_OFFLINE: "1" } });
  let words = "";
  for (const pipe of [child.stdout, child.stderr]) pipe.on("data", (text: Buffer) => (words += text.toString()));
  const ended = once(child, "exit");
  while (!words.includes(ready)) {
    if (child.exitCode !== null) throw new Error(`${command} ended with ${child.exitCode}\n${words}`);
    await new Promise((resolve) => {
      setTimeout(resolve, 50);
    });
  }
  return {
    url: `http://127.0.0.1:${port}`,
    async stop() {
      child.kill("SIGKILL");
      await ended;
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
