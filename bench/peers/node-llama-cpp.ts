/** What is used of the package, which lies outside the repository. */
export interface NodeLlamaCpp {
  getLlama(options: { gpu: false; build: "never"; logLevel: "disabled"; maxThreads: number }): Promise<Llama>;
}

interface Llama {
  loadModel(options: { modelPath: string }): Promise<{
    createContext(options: { contextSize: number; threads: number }): Promise<{ getSequence(): Sequence }>;
  }>;
  dispose(): Promise<void>;
}

interface Sequence {
  readonly nextTokenIndex: number;
  clearHistory(): Promise<void>;
  eraseContextTokenRanges(ranges: readonly { start: number; end: number }[]): Promise<void>;
  evaluateWithoutGeneratingNewTokens(tokens: readonly number[]): Promise<void>;
  evaluate(tokens: readonly number[], options: { temperature: number; yieldEogToken: boolean }): AsyncIterable<number>;
}
