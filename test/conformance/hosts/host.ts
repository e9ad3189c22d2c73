import { demoModel } from "@wick/demo-model";
import { afterAll, expect, test } from "vitest";
import { Model } from "wick";
import { wordsOf } from "../transcripts.ts";
import type { Outcome } from "./harness.ts";

/** What the program in a host is asked. */
export type Call = { kind: "cases" } | { kind: "case"; name: string } | { kind: "words" };

/** A host that runs, with a program in it. */
export interface Host {
  call(call: Call): Promise<unknown>;
  stop(): Promise<void>;
}

/** Each case in the host as a test here. */
export async function testCases(host: Host): Promise<void> {
  afterAll(() => host.stop());
  const cases = (await host.call({ kind: "cases" })) as string[];
  test.each(cases)("%s", async (name) => {
    const { failure } = (await host.call({ kind: "case", name })) as Outcome;
    expect(failure).toBeUndefined();
  });
}

/** The same, and that its model says what the native engine says. */
export async function testInHost(start: () => Promise<Host>): Promise<void> {
  const host = await start();
  await testCases(host);

  test("says what the native engine says, byte by byte and bit by bit", async () => {
    const native = await Model.load(demoModel(), { backend: "cpu" });
    expect(await host.call({ kind: "words" })).toEqual(await wordsOf(native));
    await native.close();
  });
}
