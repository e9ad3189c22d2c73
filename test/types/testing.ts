// `wick/testing` and `wick/native` under the same compilers.
import type { Model } from "wick";
import * as native from "wick/native";
import { scriptedModel } from "wick/testing";

export const model: Model = scriptedModel({ replies: ["Hello."] });
export const loaded: Promise<Model> = native.Model.load("./model.gguf");
