// Its own types name their files without extensions, which Node's resolution does not find.
declare module "@wllama/wllama/esm/index.js" {
  export class Wllama {
    constructor(assets: { default: string }, options: { suppressNativeLog: boolean });
    loadModel(files: Blob[], options: { n_threads: number; n_gpu_layers: number; n_ctx: number }): Promise<void>;
    createCompletion(request: {
      prompt: string;
      max_tokens: number;
      temperature: number;
      ignore_eos: boolean;
      cache_prompt: boolean;
    }): Promise<{
      timings?: { prompt_n: number; prompt_ms: number; predicted_n: number; predicted_ms: number };
    }>;
    exit(): Promise<void>;
  }
}
