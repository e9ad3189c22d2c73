import { Model } from "wick/remote";
import { describeRemote } from "../../remote/describe-remote.ts";
import { type Outcome, caseNames, runCase } from "../harness.ts";
import type { Call } from "../host.ts";

/** The engine's server, which the test that makes the bundle started. */
declare const ENGINE_SERVER: string;

/** All that must hold of remote models in a host. */
export function describeRemoteIn(name: string): void {
  describeRemote({
    name: `remote in ${name}`,
    connect: (options) => Model.connect(options),
    url: () => ENGINE_SERVER,
    words: async () => (await (await fetch(`${ENGINE_SERVER}/words`)).json()) as string[],
  });
}

/** What a program in a host answers. */
export async function answerRemote(call: Call): Promise<string[] | Outcome> {
  switch (call.kind) {
    case "cases":
      return caseNames();
    case "case":
      return runCase(call.name);
    case "words":
      throw new Error("a remote model's words are a case");
  }
}
