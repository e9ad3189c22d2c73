// node-llama-cpp's grammar: `<model> <threads> <tokens> <rounds> <schema> <entry>`.
interface NodeLlamaCpp {
  getLlama(options: { gpu: false; build: "never"; logLevel: "disabled"; maxThreads: number }): Promise<Llama>;
  LlamaCompletion: new (options: { contextSequence: object }) => Completion;
}

interface Llama {
  createGrammarForJsonSchema(schema: object): Promise<object>;
  loadModel(options: { modelPath: string }): Promise<LoadedModel>;
  dispose(): Promise<void>;
}

interface LoadedModel {
  tokenize(text: string): readonly number[];
  createContext(options: {
    contextSize: number;
    threads: number;
  }): Promise<{ getSequence(): { clearHistory(): Promise<void> } }>;
}

interface Completion {
  generateCompletion(
    input: string,
    options: { grammar: object; temperature: number; maxTokens: number; onToken(tokens: readonly number[]): void },
  ): Promise<string>;
}

const [path = "", threads = "2", tokens = "64", rounds = "5", schema = "{}", entry = ""] = process.argv.slice(2);
const { getLlama, LlamaCompletion } = (await import(entry)) as NodeLlamaCpp;
const llama = await getLlama({ gpu: false, build: "never", logLevel: "disabled", maxThreads: Number(threads) });
const model = await llama.loadModel({ modelPath: path });
const context = await model.createContext({ contextSize: 2048, threads: Number(threads) });
const contextSequence = context.getSequence();
const completion = new LlamaCompletion({ contextSequence });
const grammar = await llama.createGrammarForJsonSchema(JSON.parse(schema) as object);

const rates: number[] = [];
for (let round = 0; round <= Number(rounds); round += 1) {
  await contextSequence.clearHistory();
  let [count, first, last] = [0, 0, 0];
  await completion.generateCompletion("An order, please.\n", {
    grammar,
    temperature: 0,
    maxTokens: Number(tokens),
    onToken: (of) => {
      last = performance.now();
      if (count === 0) first = last;
      count += of.length;
    },
  });
  if (round > 0) rates.push((1000 * (count - 1)) / (last - first));
}
await llama.dispose();
console.log(JSON.stringify(rates));
