import { describe, expect, test } from "vitest";
import { type ChatRequest, type Tool, tool } from "wick";
import { collect, eventually } from "../../../../test/conformance/chunks.js";
import { chunk, done, ended, loopbackHost, messages, said } from "./loopback-host.js";
import { refusal } from "./sent.js";

const weather = { type: "function" as const, function: { name: "weather", parameters: { type: "object" } } };
describe("tools that mistral.rs runs", () => {
  const event = (name: string, data: object) => `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
  const progress = (phase: string, data: object) =>
    event("agentic_tool_call_progress", {
      type: "agentic_tool_call_progress",
      round: 0,
      tool_name: "search",
      phase,
      data,
    });
  const asks = event("agentic_tool_approval_required", {
    type: "agentic_tool_approval_required",
    approval_id: "appr_1",
    session_id: "s",
    round: 0,
    tool: { source: "built_in", kind: "web_search", label: "search" },
    arguments: { query: "x" },
  });
  const before = progress("calling", { tool_type: "custom", arguments: '{"query":"x"}' }) + asks;
  const after =
    progress("complete", { tool_type: "custom", content: "found" }) +
    event("file_produced", { id: "f" }) +
    said("a") +
    ended() +
    done;

  /** A host that waits for the answer to what its tool asks. */
  const agentic = () => {
    let go: (() => void) | undefined;
    return loopbackHost((response, { path }) => {
      if (path.startsWith("/v1/agent/approvals/")) {
        if (!path.endsWith("/appr_1")) return response.writeHead(404).end('{"status":"not_found"}');
        go?.();
        return response.writeHead(200).end('{"status":"resolved"}');
      }
      response.writeHead(200, { "content-type": "text/event-stream" }).write(before);
      go = () => response.end(after);
      return undefined;
    });
  };
  const server = { type: "server" as const, agent_permission: "ask" };

  test("are told and asked for as our kinds", async () => {
    await using host = await agentic();
    const stream = host.connect({ provider: "mistralrs" }).chat.stream({ messages, tools: [server, weather] });
    const responses = [];
    for await (const response of stream) {
      responses.push(response);
      if (response.kind === "agentic_tool_approval_required")
        await stream.approve(response.approvalId, { remember: true });
    }
    expect(responses).toMatchObject([
      {
        kind: "agentic_tool_call_progress",
        round: 0,
        callId: "round-0",
        toolName: "search",
        input: { query: "x" },
        phase: { kind: "calling" },
      },
      {
        kind: "agentic_tool_approval_required",
        approvalId: "appr_1",
        round: 0,
        callId: "round-0",
        toolName: "search",
        input: { query: "x" },
      },
      { kind: "agentic_tool_call_progress", phase: { kind: "complete", output: "found" } },
      { kind: "chunk", upstream: [{ event: "file_produced", data: { id: "f" } }] },
      { kind: "chunk" },
      { kind: "done" },
    ]);
    expect(host.received[0]?.body).toMatchObject({ agent_permission: "ask", max_tool_rounds: 8, tools: [weather] });
    expect(host.received[1]).toMatchObject({
      path: "/v1/agent/approvals/appr_1",
      body: { decision: "approve", remember_for_session: true },
    });
    await expect(stream.deny("late")).rejects.toMatchObject({ code: "not_found" });
  });

  test.each([true, false])("stand beside a tool that runs here; onApproval: %s", async (decides) => {
    const own = tool({ name: "own", description: "Own", parameters: { type: "object" }, execute: () => "here" });
    const answersNow = after.replace(ended(), "").replace(done, "");
    const calls = chunk({
      index: 0,
      delta: { tool_calls: [{ index: 0, id: "c1", function: { name: "own", arguments: "{}" } }] },
      finish_reason: "tool_calls",
    });
    let go: (() => void) | undefined;
    await using host = await loopbackHost((response, { path }, count) => {
      if (path.startsWith("/v1/agent/approvals/")) {
        go?.();
        return response.writeHead(200).end('{"status":"resolved"}');
      }
      response.writeHead(200, { "content-type": "text/event-stream" });
      if (count > 0) return response.end(said("So.") + ended() + done);
      response.write(before);
      go = () => response.end(answersNow + calls + done);
      return undefined;
    });
    const onApproval = decides ? () => true : undefined;
    const stream = host
      .connect({ provider: "mistralrs" })
      .chat.stream<Tool>({ messages, tools: [server, own], onApproval });
    const kinds: string[] = [];
    for await (const response of stream) {
      kinds.push(
        response.kind === "agentic_tool_call_progress" ? `${response.toolName} ${response.phase.kind}` : response.kind,
      );
      if (response.kind === "agentic_tool_approval_required") await stream.approve(response.approvalId);
    }
    const asked = decides ? [] : ["agentic_tool_approval_required"];
    const told = kinds.filter((kind) => kind !== "chunk");
    expect(told).toEqual(["search calling", ...asked, "search complete", "own calling", "own complete", "done"]);
    expect((await stream.final()).transcript?.map(({ content }) => content)).toEqual(["a", "here", "So."]);
  });

  test("ask a function instead", async () => {
    await using host = await agentic();
    const onApproval = async ({ toolName }: { toolName: string }) => toolName === "search";
    const responses = await collect(
      host.connect({ provider: "mistralrs" }).chat.stream({ messages, tools: [server], onApproval }),
    );
    expect(responses.map(({ kind }) => kind)).not.toContain("agentic_tool_approval_required");
    expect(host.received[1]?.body).toMatchObject({ decision: "approve" });
  });

  test.each<[string, object]>([
    ["that nobody asked for are denied, and not told", {}],
    ["are denied where the function fails", { tools: [server], onApproval: () => Promise.reject(new Error("mine")) }],
  ])("%s", async (_, request) => {
    await using host = await agentic();
    const responses = await collect(
      host.connect({ provider: "mistralrs" }).chat.stream({ messages, ...request } as ChatRequest),
    );
    expect(responses.map(({ kind }) => kind)).not.toContain("agentic_tool_approval_required");
    expect(host.received[1]?.body).toMatchObject({ decision: "deny" });
    expect(responses.at(-1)?.kind).toBe("done");
  });

  test.each<[string, (host: Awaited<ReturnType<typeof agentic>>) => Promise<unknown>]>([
    [
      "complete()",
      (host) => host.connect({ provider: "mistralrs" }).chat.complete({ messages, tools: [server] } as never),
    ],
    [
      "text()",
      async (host) => {
        let text = "";
        for await (const piece of host
          .connect({ provider: "mistralrs" })
          .chat.stream({ messages, tools: [server] })
          .text())
          text += piece;
        return text;
      },
    ],
  ])("are denied by %s, since nobody could answer", async (_, read) => {
    await using host = await agentic();
    expect(JSON.stringify(await read(host))).toContain("a");
    expect(host.received[1]?.body).toMatchObject({ decision: "deny", message: "Nobody is there to ask." });
  });

  test("of Wick's own server ask in its wire form", async () => {
    const ours = [
      { kind: "agentic_tool_approval_required", approvalId: "appr_1", round: 0, callId: "c", toolName: "t", input: {} },
      {
        kind: "chunk",
        id: "x",
        model: "m",
        created: 1,
        choices: [{ index: 0, delta: { content: "a" }, finishReason: "stop" }],
      },
      { kind: "done", completion: { object: "chat.completion", id: "x", model: "m", created: 1, choices: [] } },
    ];
    await using host = await loopbackHost((response, { path }) =>
      path.startsWith("/v1/agent/approvals/")
        ? response.writeHead(200).end("{}")
        : response
            .writeHead(200, { "content-type": "text/event-stream" })
            .end(ours.map((one) => event("response", one)).join("")),
    );
    const model = host.connect({ provider: "wick" });
    const told = await collect(model.chat.stream({ messages, tools: [server] }));
    expect(told).toEqual(ours);
    const decided = await collect(model.chat.stream({ messages, tools: [server], onApproval: () => true }));
    expect(decided.map(({ kind }) => kind)).toEqual(["chunk", "done"]);
    await eventually(() => host.received.length === 3);
    const answer = host.received.find(({ path }) => path.startsWith("/v1/agent/"));
    expect(answer).toMatchObject({ path: "/v1/agent/approvals/appr_1", body: { decision: "approve" } });
  });

  test("there is nothing to approve where no one asks", async () => {
    await using host = await loopbackHost((response) => response.writeHead(404).end());
    const stream = host.connect().chat.stream({ messages, tools: [server] });
    await expect(stream.approve("x")).rejects.toMatchObject({ code: "unsupported" });
    expect(host.received).toHaveLength(0);
  });

  test("onApproval is unsupported where no one asks", async () => {
    expect(await refusal("openai", { onApproval: () => true })).toMatchObject({
      code: "unsupported",
      where: "onApproval",
    });
  });
});
