import { demoModel } from "@wick/demo-model";
import { readFile } from "node:fs/promises";
import { describeFaults } from "../../../test/conformance/faults.ts";
import { nodeSetting } from "../src/wasm/node-setting.js";

describeFaults({ name: "Node", setting: nodeSetting, bytes: async () => new Uint8Array(await readFile(demoModel())) });
