// A page: calls come to a function of its window.

import { demoModel } from "@wick/demo-model";
import { type LoadOptions, Model } from "wick";
import { describeDownloads } from "../../downloads.ts";
import { describeLaws } from "../../laws.ts";
import { describeRequestOptions } from "../../request-options.ts";
import { describeWriting } from "../../writing.ts";
import type { Call } from "../host.ts";
import { answer, describeHost } from "./suite.ts";

const url = new URL(demoModel());
const bytes = async () => new Uint8Array(await (await fetch(url)).arrayBuffer());
const subject = { name: "Chromium", Model, bytes };
describeHost(subject);
describeDownloads({ name: "Chromium", Model, url });

const name = "a Web Worker of Chromium";
const messages = [{ role: "user" as const, content: "Write a short story about Mia the fox." }];
const request = { messages, maxTokens: 40, randomSeed: 7 };
const load = async (options?: LoadOptions) =>
  Model.load(await bytes(), { ...options, worker: true, workerUrl: "/worker.js" });
describeLaws({ name, load, request });
describeWriting({ name, load, request });
describeRequestOptions({ name, load });

Object.assign(globalThis, { answer: (call: Call) => answer(call, subject) });
