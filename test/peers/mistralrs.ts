import { basename, dirname } from "node:path";
import { mistralRsServer } from "../../bench/peers/setup.ts";
import { type PeerServer, startPeer } from "./peer-server.ts";

/** mistral.rs' own server with a GGUF file. */
export function startMistralRs(model: string): Promise<PeerServer> {
  const file = ["--format", "gguf", "--model-id", dirname(model), "--quantized-file", basename(model)];
  const args = ["serve", "--cpu", "--host", "127.0.0.1"].concat(file);
  return startPeer(mistralRsServer(), (port) => args.concat("--port", port), "Server listening");
}
