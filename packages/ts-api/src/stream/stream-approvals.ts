/** Who is told whether a tool of a stream may run. */
export interface StreamApprovals {
  approve(approvalId: string, options?: { remember?: boolean }): Promise<void>;
  deny(approvalId: string, options?: { reason?: string; remember?: boolean }): Promise<void>;
}
