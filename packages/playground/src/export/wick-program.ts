import type { JsonValue } from "wick/remote";
import { type Exported, keyVariable } from "./exported.js";
import { literal } from "./literal.js";

/** The request as a program with Wick. Tools stand in it as they are, and run. */
export function wickProgram(exported: Exported): string {
  const { tools, serverTools, isInBrowser } = exported;
  const hasTools = tools.length > 0 || serverTools;
  const asks = tools.some(({ use }) => use === "ask") || serverTools;
  return [
    imports(exported, asks),
    ...tools.map(({ tool: { source } }) => sourceOf(source)),
    `${isInBrowser ? "await using model = await Model.load(demoModel());" : `${connection(exported)}`}\n`,
    requestOf(exported, hasTools),
    reading(hasTools, asks),
    ...(asks ? [asking] : []),
  ].join("\n");
}

function imports({ tools, isInBrowser }: Exported, asks: boolean): string {
  const wick = isInBrowser ? "wick" : "wick/remote";
  const names = [
    ...(tools.length > 0 ? ["type JsonSchema"] : []),
    "Model",
    ...(tools.length > 0 ? ["type ToolDefinition"] : []),
    "assertNever",
    ...(tools.length > 0 ? ["tool"] : []),
  ];
  return [
    ...(asks ? [`import { createInterface } from "node:readline/promises";`] : []),
    ...(isInBrowser ? [`import { demoModel } from "@wick/demo-model";`] : []),
    `import { ${names.join(", ")} } from "${wick}";`,
    "",
  ].join("\n");
}

/** A tool's file without its imports, which stand above, and without its export. */
function sourceOf(file: string): string {
  return file
    .replaceAll(/^import .*\n/gm, "")
    .replace(/^\n+/, "")
    .replace(/^export /m, "");
}

function connection({ model, baseUrl, hasKey }: Exported): string {
  const options: Record<string, JsonValue> = { provider: "wick", model, baseURL: baseUrl };
  const written = literal(options);
  return `const model = Model.connect(${hasKey ? withField(written, `apiKey: process.env.${keyVariable}`) : written});`;
}

/** With a field that is no JSON. */
function withField(object: string, field: string): string {
  return object.endsWith("\n}") ? `${object.slice(0, -1)}  ${field},\n}` : `${object.slice(0, -2)}, ${field} }`;
}

function requestOf({ request, tools, serverTools }: Exported, hasTools: boolean): string {
  // A request is plain data but for its tools.
  const fields = literal(JSON.parse(JSON.stringify(request)) as JsonValue);
  if (!hasTools) return `const stream = model.chat.stream(${fields});\n`;
  const written = tools.map(({ tool: { variable }, use }) =>
    use === "ask" ? `tool({ ...${variable}, needsApproval: true })` : `tool(${variable})`,
  );
  const all = [...written, ...(serverTools ? [`{ type: "server" } as const`] : [])];
  return `const stream = model.chat.stream(${withField(fields, `tools: [${all.join(", ")}]`)});\n`;
}

function reading(hasTools: boolean, asks: boolean): string {
  const toolCases = [
    `    case "agentic_tool_call_progress":`,
    `      console.error(\`[\${response.toolName} \${response.phase.kind}]\`);`,
    "      break;",
    `    case "agentic_tool_approval_required":`,
    ...(asks
      ? [
          "      if (await isAllowed(`${response.toolName} ${JSON.stringify(response.input)}`)) {",
          "        await stream.approve(response.approvalId);",
          "      } else await stream.deny(response.approvalId);",
        ]
      : ["      await stream.deny(response.approvalId);"]),
    "      break;",
  ];
  return `${[
    "for await (const response of stream) {",
    "  switch (response.kind) {",
    `    case "chunk":`,
    `      process.stdout.write(response.choices[0].delta.content ?? "");`,
    "      break;",
    ...(hasTools ? toolCases : []),
    `    case "done":`,
    `      console.error("\\n", response.completion.usage);`,
    "      break;",
    `    case "cancelled":`,
    "      break;",
    `    case "validation_error":`,
    `    case "model_error":`,
    `    case "internal_error":`,
    "      console.error(`\\n${response.error.code}: ${response.error.message}`);",
    "      process.exitCode = 1;",
    "      break;",
    "    default:",
    "      assertNever(response);",
    "  }",
    "}",
  ].join("\n")}\n`;
}

const asking = `/** Asks at the terminal. */
async function isAllowed(what: string): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await terminal.question(\`Allow \${what}? [y/N] \`);
  terminal.close();
  return /^y/i.test(answer);
}
`;
