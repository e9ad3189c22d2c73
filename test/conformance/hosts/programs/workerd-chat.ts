// A Worker as a program has it: one model for all its requests, loaded in the first.

import { demoModel } from "@wick/demo-model";
import { type ChatRequest, type ChatResponse, Model } from "wick";

let loading: Promise<Model> | undefined;
/** A stream that the next request goes on reading. */
let kept: AsyncIterator<ChatResponse> | undefined;

async function answer(request: Request, model: Model): Promise<Response> {
  switch (new URL(request.url).pathname) {
    case "/stats":
      return Response.json(model.stats());
    case "/chat": {
      const chat = (await request.json()) as ChatRequest;
      return model.chat.stream(chat, { signal: request.signal }).toResponse();
    }
    case "/make":
      kept = model.chat.stream((await request.json()) as ChatRequest)[Symbol.asyncIterator]();
      return new Response();
    case "/begin": {
      kept = model.chat.stream((await request.json()) as ChatRequest)[Symbol.asyncIterator]();
      return Response.json(await kept.next());
    }
    case "/go-on":
      return Response.json(await kept?.next().catch((error: Error) => String(error)));
    default:
      return new Response(undefined, { status: 404 });
  }
}

// oxlint-disable-next-line import/no-default-export -- That is what a Worker is.
export default {
  async fetch(request: Request): Promise<Response> {
    loading ??= Model.load(demoModel());
    return answer(request, await loading);
  },
};
