import { describe, expect, test } from "vitest";
import type { LoadOptions, LoadProgress, ModelLoader } from "wick";

/** A page, and where its server has the demo model. */
export interface PageSubject {
  name: string;
  Model: ModelLoader;
  url: URL;
}

/** The file system that a page has for itself. */
interface Folder {
  getDirectoryHandle(name: string): Promise<Folder>;
  getFileHandle(name: string): Promise<{
    getFile(): Promise<Blob>;
    createWritable(): Promise<{ write(bytes: Uint8Array): Promise<void>; close(): Promise<void> }>;
  }>;
  removeEntry(name: string, options: { recursive: boolean }): Promise<void>;
  keys(): AsyncIterable<string>;
}

interface PageStorage {
  navigator: {
    storage: { getDirectory(): Promise<Folder> };
    locks: { query(): Promise<{ held: readonly { name: string }[] }> };
  };
  caches: { delete(name: string): Promise<boolean> };
}

const { navigator, caches } = globalThis as unknown as PageStorage;
const messages = [{ role: "user" as const, content: "What is the capital of France?" }];

/** Until what was downloaded is kept. */
async function kept(): Promise<void> {
  const isKeeping = async () => (await navigator.locks.query()).held.some(({ name }) => name.startsWith("wick-models"));
  while (await isKeeping()) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** Models that a page downloads and keeps. */
export function describeDownloads({ name, Model, url }: PageSubject): void {
  const load = async (options: LoadOptions = {}) => {
    const told: LoadProgress[] = [];
    const model = await Model.load(url, { ...options, onProgress: (progress) => told.push(progress) });
    const { choices } = await model.chat.complete({ messages, temperature: 0 });
    const { warnings } = model.info;
    await model.close();
    await kept();
    return { kinds: new Set(told.map(({ kind }) => kind)), text: choices[0].message.content, warnings };
  };
  const forget = async () => {
    const root = await navigator.storage.getDirectory();
    await root.removeEntry("wick-models", { recursive: true }).catch(() => {});
    await caches.delete("wick-models");
  };

  describe(`downloads: ${name}`, () => {
    test("of the hub, by name, and from the page's own storage the next time", async () => {
      await forget();
      const hub = { endpoint: url.origin };
      for (const kind of ["download", "verify"]) {
        const told: LoadProgress[] = [];
        const model = await Model.load("wick/demo:Q8_0", { hub, onProgress: (progress) => told.push(progress) });
        const { choices } = await model.chat.complete({ messages, temperature: 0 });
        expect(choices[0].message.content).toBe("The capital of France is Paris.");
        expect(told.map((progress) => progress.kind)).toContain(kind);
        await model.close();
        await kept();
      }
      await expect(Model.load("wick/none", { hub })).rejects.toMatchObject({ code: "not_found" });
      await expect(Model.load("wick/demo", { hub: { offline: true } })).rejects.toMatchObject({ code: "unsupported" });
    });

    test.each<[string, LoadOptions]>([
      ["by itself", {}],
      ["in the file system", { browserCache: "opfs" }],
      ["in the cache", { browserCache: "cache" }],
      ["by a worker's page", { worker: true }],
    ])("are kept %s, and checked at the next load", async (_, options) => {
      await forget();
      const first = await load(options);
      expect(first).toMatchObject({ text: "The capital of France is Paris.", warnings: [] });
      expect([...first.kinds]).toContain("download");
      const second = await load(options);
      expect(second.text).toBe(first.text);
      expect([...second.kinds]).toContain("verify");
      expect([...second.kinds]).not.toContain("download");
    });

    test("are not kept where nobody wants it", async () => {
      await forget();
      await load({ browserCache: "none" });
      expect([...(await load({ browserCache: "none" })).kinds]).toContain("download");
    });

    test("a kept one that was damaged is noticed, and given up", async () => {
      await forget();
      await load();
      const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle("wick-models");
      for await (const entry of folder.keys()) if (!entry.endsWith(".json")) await damage(folder, entry);
      await expect(load()).rejects.toMatchObject({ code: "model_integrity", info: { retryable: true } });
      expect([...(await load()).kinds]).toContain("download");
    });

    test("by a path below the page", async () => {
      const model = await Model.load(url.pathname, { browserCache: "none" });
      expect(model.info.id).toBe("wick-demo.Q8_0");
      await model.close();
    });

    test("of what is not there, or no model", async () => {
      await expect(Model.load(new URL("/none.gguf", url))).rejects.toMatchObject({ code: "not_found" });
      await expect(Model.load("./page.js")).rejects.toMatchObject({ code: "model_unsupported" });
    });
  });
}

async function damage(folder: Folder, entry: string): Promise<void> {
  const file = await folder.getFileHandle(entry);
  const bytes = new Uint8Array(await (await file.getFile()).arrayBuffer());
  bytes[bytes.length >> 1] = 255 - (bytes[bytes.length >> 1] ?? 0);
  const writable = await file.createWritable();
  await writable.write(bytes);
  await writable.close();
}
