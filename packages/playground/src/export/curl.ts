import { executableOf, type Exported, keyVariable } from "./exported.js";
import { requestBody } from "./request-body.js";

/** The request as a call of curl for a POSIX shell. */
export async function curlCommand(exported: Exported): Promise<string> {
  const { baseUrl, hasKey, model } = exported;
  const body = JSON.stringify(await requestBody(executableOf(exported), model), null, 2);
  return [
    `curl --no-buffer ${quoted(`${baseUrl}/chat/completions`)}`,
    `--header ${quoted("content-type: application/json")}`,
    `--header ${quoted("accept: application/vnd.wick.response+sse")}`,
    ...(hasKey ? [`--header "authorization: Bearer $${keyVariable}"`] : []),
    `--data ${quoted(body)}`,
  ].join(" \\\n  ");
}

/** Within single quotes a shell takes everything as it is, but for the quote itself. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
