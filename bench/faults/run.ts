// `npm run faults`: what clients report of hosts that do wrong, as a table in docs/hosted-models.md.

import { readFileSync, writeFileSync } from "node:fs";
import { type RequestListener, type Server, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { type Client, type Report, clients } from "./clients.ts";
import { type Fault, faults } from "./faults.ts";

const page = fileURLToPath(new URL("../../docs/hosted-models.md", import.meta.url));
const BEGIN = "<!-- Written by `npm run faults`. -->";
const END = "<!-- End of what is written by `npm run faults`. -->";
/** Longer than any of them waits before it tries again. */
const patienceMs = 8000;
const longestWords = 70;

/** What a client reports of a fault; "hangs" where it does not within its time. */
async function reportOf(client: Client, fault: Fault): Promise<{ report: Report | "hangs"; wentElsewhere: boolean }> {
  let count = 0;
  let wentElsewhere = false;
  const other = await listen((_, response) => {
    wentElsewhere = true;
    response.writeHead(404).end();
  });
  const host = await listen((request, response) => {
    request.resume().on("end", () => fault.answer(response, count++, other.url));
  });
  const late = new Promise<"hangs">((resolve) => {
    setTimeout(() => resolve("hangs"), patienceMs).unref();
  });
  const report = await Promise.race([client.stream(host.url), late]);
  for (const { server } of [host, other]) {
    server.closeAllConnections();
    server.close();
  }
  return { report, wentElsewhere };
}

async function listen(answer: RequestListener): Promise<{ server: Server; url: string }> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

function cell(report: Report | "hangs"): string {
  if (report === "hangs") return "hangs";
  const { text, calls, failure } = report;
  const said = calls > 0 ? `${calls} call${calls === 1 ? "" : "s"}` : `“${text}”`;
  if (failure === undefined) return `success: ${said}`;
  const words = failure.replaceAll(/\s+/g, " ").replaceAll("|", "\\|");
  return `${words.length > longestWords ? `${words.slice(0, words.lastIndexOf(" ", longestWords))} …` : words}${text === "" ? "" : ` (${said})`}`;
}

const known = await clients();
const rows: string[][] = [["what the host does", "what is right", ...known.map(({ name }) => name)]];
for (const fault of faults) {
  const cells = [];
  for (const client of known) {
    const { report, wentElsewhere } = await reportOf(client, fault);
    cells.push(`${cell(report)}${wentElsewhere ? "; the prompt went there" : ""}`);
  }
  rows.push([fault.name, fault.expected, ...cells]);
  console.log(rows.at(-1)?.join(" | "));
}
const [head = [], ...others] = rows.map((row) => `| ${row.join(" | ")} |`);
const table = [head, `|${" --- |".repeat(rows[0]?.length ?? 0)}`, ...others].join("\n");
const [before = "", rest = ""] = readFileSync(page, "utf8").split(BEGIN);
const [, after = ""] = rest.split(END);
writeFileSync(page, `${before.trimEnd()}\n\n${BEGIN}\n\n${table}\n\n${END}\n${after}`);
// Those that hang hold the process.
process.exit();
