import { demoModel } from "@wick/demo-model";
import { Engine } from "@wick/node";
import { type LoadOptions, Model } from "wick";

// Read by the addon when it opens, at the first load or the first engine of the process.
process.env["WICK_TEST_FAULTS"] = "1";

/** What can go wrong: at the nth step, beginning or forward pass from now, or at the nth token of the first sequence to come there. */
export type Fault = "step_panic" | "admission_panic" | "forward_panic" | "device_lost" | "sampler_panic" | "nan_logit";

/** The demo model, in which something can be made to go wrong. One at a time: it counts on the number of its model. */
export async function loadFaulty(options?: LoadOptions) {
  const raw = new Engine(() => {});
  const before = await resultOf(raw, { kind: "load", source: { kind: "path", path: demoModel() }, options: {} });
  const model = await Model.load(demoModel(), options);
  await resultOf(raw, { kind: "close", model: before.model });
  const inject = async (fault: Fault, nth = 1) => {
    // Numbers are given in order, so that the next one is the model's.
    await resultOf(raw, { kind: "fault", model: (before.model ?? 0) + 1, fault, nth });
  };
  return { model, inject };
}

/** The last event of a command to the bare addon. */
async function resultOf(raw: Engine, command: object): Promise<{ kind: string; model?: number }> {
  const ticket = raw.submit(JSON.stringify(command));
  for (;;) {
    const json = raw.take(ticket);
    if (json === null) await new Promise((resolve) => setTimeout(resolve, 5));
    else {
      const event: { kind: string; model?: number } = JSON.parse(json);
      if (event.kind === "failed") throw new Error(json);
      if (event.kind !== "progress") return event;
    }
  }
}
