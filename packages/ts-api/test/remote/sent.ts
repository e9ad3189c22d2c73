import { expect } from "vitest";
import type { AgentRequest, ChatRequest, ConnectOptions } from "wick";
import { collect } from "../../../../test/conformance/chunks.js";
import { done, ended, loopbackHost, messages, said, sends } from "./loopback-host.js";

export type ProviderName = ConnectOptions["provider"];

/** What a host receives for a chat. */
export async function sent(
  provider: ProviderName,
  request: Partial<AgentRequest>,
  options: Partial<ConnectOptions> = {},
) {
  await using host = await loopbackHost(sends(said("a") + ended() + done));
  await collect(host.connect({ provider, ...options }).chat.stream({ messages, ...request } as ChatRequest));
  const [received] = host.received;
  if (received === undefined) throw new Error("nothing was sent");
  return received;
}

/** What a request is refused with, before anything is sent. */
export async function refusal(provider: ProviderName, request: object) {
  await using host = await loopbackHost(sends(""));
  const responses = await collect(host.connect({ provider }).chat.stream({ messages, ...request } as ChatRequest));
  expect(host.received).toHaveLength(0);
  expect(responses).toHaveLength(1);
  const [response] = responses;
  if (response?.kind !== "validation_error") throw new Error(JSON.stringify(response));
  return response.error;
}
