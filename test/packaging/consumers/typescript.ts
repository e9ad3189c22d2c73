import { demoModel } from "@wick/demo-model";
import { Model, type ChatResponse, type Message, assertNever } from "wick";
import { Model as NativeModel } from "wick/native";
import { scriptedModel } from "wick/testing";

const messages = [{ role: "user", content: "Hi" }] satisfies Message[];

export async function show(): Promise<string> {
  await using model = await Model.load(demoModel());
  const other: Model = await NativeModel.load(demoModel());
  const third: Model = scriptedModel({ replies: [] });
  for await (const response of other.chat.stream({ messages })) if (told(response) !== "") break;
  for await (const response of third.chat.stream({ messages })) told(response);
  return (await model.chat.complete({ messages })).choices[0].message.content;
}

function told(response: ChatResponse): string {
  switch (response.kind) {
    case "chunk":
      return response.choices[0].delta.content ?? "";
    case "done":
      return "";
    case "validation_error":
    case "model_error":
    case "internal_error":
      return response.error.message;
    case "cancelled":
      return response.reason;
    default:
      return assertNever(response);
  }
}
