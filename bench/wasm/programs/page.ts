// A page: from its navigation to the first token, with all that it fetches.

import { demoModel } from "@wick/demo-model";
import { Model } from "wick";
import { firstToken } from "./first-token.ts";

const model = await firstToken(Model, demoModel());
Object.assign(globalThis, { result: performance.now() });
await model.close();
