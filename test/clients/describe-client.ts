import { describe } from "vitest";
import { Cases } from "./cases.ts";
import type { Client } from "./client.ts";
import { describeAnswers } from "./describe-answers.ts";
import { describeEnds } from "./describe-ends.ts";
import { describeFailures } from "./describe-failures.ts";

/** The same cases for every client. What the client says is compared with what the library says to the same question. */
export function describeClient(client: Client): void {
  describe(`${client.name}`, () => {
    const cases = new Cases(client);
    describeAnswers(cases);
    describeFailures(cases);
    describeEnds(cases);
  });
}
