import { pythonWithLlamaCppServer } from "../../bench/peers/setup.ts";
import { type PeerServer, startPeer } from "./peer-server.ts";

/** The server of llama-cpp-python with a model. */
export function startLlamaCppPython(model: string): Promise<PeerServer> {
  const options = {
    model,
    model_alias: "demo",
    host: "127.0.0.1",
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
  return startPeer(
    pythonWithLlamaCppServer(),
    (port) => ["-m", "llama_cpp.server", ...args, "--port", port],
    "Uvicorn running",
  );
}
