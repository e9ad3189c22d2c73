import type { LanguageModelV3ToolResultOutput } from "@ai-sdk/provider";
import { unsupportedKind } from "../error/sdk-error.js";
import { fileContent, fileText } from "./file-data.js";
import type { Warnings } from "./warnings.js";

type ContentPart = Extract<LanguageModelV3ToolResultOutput, { type: "content" }>["value"][number];

/** What a tool gave, as the text that the model reads. */
export function toolOutputText(output: LanguageModelV3ToolResultOutput, warnings: Warnings): string {
  switch (output.type) {
    case "text":
    case "error-text":
      return output.value;
    case "json":
    case "error-json":
      return JSON.stringify(output.value) ?? "null";
    case "execution-denied":
      return output.reason ?? "The tool was not allowed to run.";
    case "content":
      return output.value.map((part) => contentText(part, warnings)).join("\n");
    default:
      return unsupportedKind(output, "tool result");
  }
}

/** Tools answer with text; of a file it can only be said that there is one, unless it is text. */
function contentText(part: ContentPart, warnings: Warnings): string {
  switch (part.type) {
    case "text":
      return part.text;
    case "file-data":
    case "image-data": {
      const text = part.mediaType.startsWith("text/") ? fileText(fileContent(part.data)) : undefined;
      return text ?? leftOut(part.type, part.mediaType, warnings);
    }
    case "file-url":
    case "image-url":
      return leftOut(part.type, part.url, warnings);
    case "file-id":
    case "image-file-id":
    case "custom":
      return leftOut(part.type, part.type, warnings);
    default:
      return newContentText(part, warnings);
  }
}

/** `ai` 7 has one kind of file instead of all of those, and hands on what the third version of the interface has no name for. */
function newContentText(part: never, warnings: Warnings): string {
  const { type, mediaType, data } = part as { type: string; mediaType?: string; data?: unknown };
  const { type: kind, text } = Object(data) as { type?: unknown; text?: unknown };
  if (kind === "text" && typeof text === "string") return text;
  return leftOut(type, mediaType ?? type, warnings);
}

function leftOut(type: string, what: string, warnings: Warnings): string {
  warnings.unsupported(`${type} in a tool result`, "Tools answer with text; the model is told that there is a file.");
  return `[${what}]`;
}
