import type { LanguageModelV3CallOptions, LanguageModelV3FunctionTool } from "@ai-sdk/provider";
import type { ChatRequest, FunctionTool } from "wick";
import { unsupportedKind } from "../error/sdk-error.js";
import type { Warnings } from "./warnings.js";

/** The functions a model may call; undefined where there are none. */
export function functionTools(
  tools: LanguageModelV3CallOptions["tools"] = [],
  warnings: Warnings,
): FunctionTool[] | undefined {
  const functions = tools.flatMap((tool): FunctionTool[] => {
    switch (tool.type) {
      case "function":
        return [functionTool(tool, warnings)];
      case "provider":
        warnings.unsupported(
          `provider-defined tool ${tool.id}`,
          "Wick's models call functions; define the tool as one.",
        );
        return [];
      default:
        return unsupportedKind(tool, "tool");
    }
  });
  return functions.length > 0 ? functions : undefined;
}

/** Whether they may, must or must not be called; undefined: as the model decides. */
export function toolChoice(choice: LanguageModelV3CallOptions["toolChoice"]): ChatRequest["toolChoice"] {
  switch (choice?.type) {
    case undefined:
    case "auto":
      return undefined;
    case "none":
    case "required":
      return choice.type;
    case "tool":
      return { type: "function", function: { name: choice.toolName } };
  }
}

function functionTool(tool: LanguageModelV3FunctionTool, warnings: Warnings): FunctionTool {
  const { name, description, inputSchema, inputExamples, strict } = tool;
  if (inputExamples !== undefined && inputExamples.length > 0) {
    const instead =
      "Chat templates have no place for them; addToolInputExamplesMiddleware puts them into the description.";
    warnings.unsupported(`inputExamples of tool ${name}`, instead);
  }
  return {
    type: "function",
    function: {
      name,
      ...(description !== undefined && { description }),
      parameters: { ...inputSchema },
      ...(strict !== undefined && { strict }),
    },
  };
}
