// Removes a model of the hub's cache, after saying that it begins.

import { removeModel } from "../../dist/hub/remove-model.js";

const [, , cacheDir = "", source = ""] = process.argv;
console.log("begins");
await removeModel(source, { cacheDir });
console.log("gone");
