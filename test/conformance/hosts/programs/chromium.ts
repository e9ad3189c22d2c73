// A page: calls come to a function of its window.

import { demoModel } from "@wick/demo-model";
import { Model } from "wick";
import { browserSetting } from "../../../../packages/ts-api/src/wasm/browser-setting.js";
import { describeDownloads } from "../../downloads.ts";
import { describeFaults } from "../../faults.ts";
import { describeMemory } from "../../memory.ts";
import { describeHostWithoutSimd, describeModuleAddresses } from "../../module-addresses.ts";
import type { Call } from "../host.ts";
import { answer, describeHost, describeInWebWorker, foreignModule } from "./suite.ts";

const url = new URL(demoModel());
const fetched = fetch(url).then((response) => response.arrayBuffer());
const bytes = async () => new Uint8Array((await fetched).slice(0));
const subject = { name: "Chromium", Model, bytes };
describeHost(subject);
describeFaults({ ...subject, setting: browserSetting });
describeMemory(subject);
describeInWebWorker(subject);
describeDownloads({ name: "Chromium", Model, url });
describeModuleAddresses(subject, {
  whole: ["/simd128.wasm", "octets.wasm"],
  others: [
    ["/moved/relaxed-simd.wasm", "/moved/relaxed-simd.wasm, which answered 404"],
    ["page.wasm", 'page.wasm, which brought text/html that begins with "<!doctype html>'],
    ["cut.wasm", "cut.wasm, which brought application/wasm that does not compile"],
    [foreignModule, "could not be made"],
  ],
});
describeHostWithoutSimd(subject, "simd128.wasm?without");

Object.assign(globalThis, { answer: (call: Call) => answer(call, subject) });
