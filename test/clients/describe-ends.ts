import { describe, expect, test, vi } from "vitest";
import { type Cases, demo } from "./cases.ts";
import { untilIdle } from "./stage.ts";

const endless = demo("Hi", { model: "endless" });

/** A limit of time on a machine that others use, too: it has to be kept once. */
const timed = { retry: 2 };

/** Calls that their programs end early. Nothing is generated any more that nobody reads. */
export function describeEnds(cases: Cases): void {
  describe.each(cases.modes)("%s", (mode) => {
    test("asks for nothing with a signal that has been raised", async (context) => {
      cases.needs(context, "raised signal");
      const script = cases.stage.script(["Never."]);
      expect((await cases.ask(mode, script.question(), { signal: AbortSignal.abort() })).text).toBe("");
      const next = await cases.ask(mode, cases.stage.script(["Still there."]).question());
      expect(next).toMatchObject({ text: "Still there." });
      expect(script.asked).toEqual([]);
    });
  });

  test.runIf(cases.modes.includes("whole"))(
    "whole: stops by its signal, which frees the sequence",
    timed,
    async (context) => {
      cases.needs(context, "signal");
      const controller = new AbortController();
      const asking = cases.ask("whole", endless, { signal: controller.signal });
      await vi.waitUntil(() => cases.stage.endless.stats().running === 1, { timeout: 10_000, interval: 2 });
      controller.abort();
      await untilIdle(cases.stage.endless);
      expect(await asking).toMatchObject({ text: "", finishReason: undefined });
    },
  );

  test("streamed: stops by its signal, which frees the sequence", timed, async (context) => {
    cases.needs(context, "signal");
    const controller = new AbortController();
    const connected = cases.client.connect(cases.stage.server.connection);
    const outcome = await connected.stream(endless, { signal: controller.signal, onPiece: () => controller.abort() });
    await untilIdle(cases.stage.endless);
    expect(outcome.pieces).toBeGreaterThan(0);
    expect(outcome.finishReason).toBeUndefined();
  });

  test("streamed: is left, which frees the sequence", timed, async (context) => {
    cases.needs(context, "leaving");
    const connected = cases.client.connect(cases.stage.server.connection);
    const outcome = await connected.stream(endless, { leaveAfter: 3 });
    await untilIdle(cases.stage.endless);
    expect(outcome).toMatchObject({ pieces: 3, failure: undefined });
    // It is ready for the next.
    const next = await connected.stream(cases.stage.script(["Still there."]).question());
    expect(next).toMatchObject({ text: "Still there." });
  });
}
