import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { pythonWithLlamaCppServer } from "../../bench/peers/setup.ts";

/** A server that runs. */
export interface PeerServer {
  url: string;
  stop(): Promise<void>;
}

/** The server of llama-cpp-python with a model. */
export async function startLlamaCppPython(model: string): Promise<PeerServer> {
  const python = pythonWithLlamaCppServer();
  const port = await freePort();
  const options = {
    model,
    model_alias: "demo",
    host: "127.0.0.1",
    port: String(port),
    n_ctx: "2048",
    n_threads: "2",
    // Else a second request ends the first.
    interrupt_requests: "false",
    embedding: "true",
    // The state of the last token, as ours; else it gives one for each token.
    kv_overrides: "qwen3.pooling_type=int:3",
    verbose: "false",
  };
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
  const child = spawn(python, ["-m", "llama_cpp.server", ...args], { stdio: ["ignore", "ignore", "pipe"] });
  let words = "";
  child.stderr.on("data", (text: Buffer) => {
    words += text.toString();
  });
  const ended = once(child, "exit");
  while (!words.includes("Uvicorn running")) {
    if (child.exitCode !== null) throw new Error(`llama-cpp-python ended with ${child.exitCode}\n${words}`);
    await new Promise((resolve) => {
      setTimeout(resolve, 50);
    });
  }
  return {
    url: `http://127.0.0.1:${port}`,
    async stop() {
      child.kill();
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
