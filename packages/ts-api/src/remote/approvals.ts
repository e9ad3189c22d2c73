import type { ToolApprovalResponse } from "../generated/protocol.js";
import type { StreamApprovals } from "../stream/stream-approvals.js";
import { answerOf } from "./answer.js";
import type { Host } from "./host.js";

/** Answers what tools at a host ask, at the host's own address for that. */
export class Approvals implements StreamApprovals {
  readonly #host: Host;
  readonly #conversation: string;

  /** @param conversation - Of the stream, so that the same host is told. */
  constructor(host: Host, conversation: string) {
    this.#host = host;
    this.#conversation = conversation;
  }

  async approve(approvalId: string, { remember = false }: { remember?: boolean } = {}): Promise<void> {
    await this.#send(approvalId, { decision: "approve", remember_for_session: remember });
  }

  async deny(
    approvalId: string,
    { reason, remember = false }: { reason?: string; remember?: boolean } = {},
  ): Promise<void> {
    const message = reason === undefined ? {} : { message: reason };
    await this.#send(approvalId, { decision: "deny", remember_for_session: remember, ...message });
  }

  /** As a program's function says; it failing is a denial. What cannot be sent is denied by the host when its time is up. */
  async decide(request: ToolApprovalResponse, decision: (request: ToolApprovalResponse) => unknown): Promise<void> {
    const isApproved = await Promise.resolve(request)
      .then(decision)
      .then(
        (answer) => answer === true,
        () => false,
      );
    await (isApproved ? this.approve(request.approvalId) : this.deny(request.approvalId)).catch(() => {});
  }

  async #send(approvalId: string, answer: object): Promise<void> {
    await answerOf(this.#host, {
      path: `/agent/approvals/${encodeURIComponent(approvalId)}`,
      body: JSON.stringify(answer),
      accept: "application/json",
      conversation: this.#conversation,
    });
  }
}
