import type { Response as ResponseObject } from "openai/resources/responses/responses";
import { expect } from "vitest";
import type { Caller } from "./caller.ts";

/** A response that a server makes, or begins to make in the background. */
export async function made(server: Caller, body: object = {}): Promise<ResponseObject> {
  const answer = await server.post("/v1/responses", { input: "Hi", ...body });
  expect({ status: answer.status, text: answer.text }).toMatchObject({ status: 200 });
  return answer.json as ResponseObject;
}

/** One as it is now. */
export async function retrieved(server: Caller, id: string): Promise<ResponseObject> {
  return (await server.get(`/v1/responses/${id}`)).json as ResponseObject;
}
