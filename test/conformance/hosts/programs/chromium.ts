// A page: calls come to a function of its window.

import { demoModel } from "@wick/demo-model";
import { Model } from "wick";
import { describeMemory } from "../../memory.ts";
import type { Call } from "../host.ts";
import { answer, describeHost } from "./suite.ts";

const bytes = async () => new Uint8Array(await (await fetch(demoModel())).arrayBuffer());
const subject = { name: "Chromium", Model, bytes };
describeHost(subject);
describeMemory(subject);

Object.assign(globalThis, { answer: (call: Call) => answer(call, subject) });
