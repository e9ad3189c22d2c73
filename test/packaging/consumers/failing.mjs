// Prints the error that loading ends with. Importing must work on any platform.
import { demoModel } from "@wick/demo-model";
import { Model, WickError } from "wick";

try {
  await Model.load(demoModel());
  console.log(JSON.stringify({ code: "none" }));
} catch (error) {
  console.log(JSON.stringify({ isWickError: WickError.isInstance(error), code: error.code, message: error.message }));
}
