// The part of a browser's storage that Wick uses. TypeScript has it only with the types of a page, which an engine must not see.

interface FileSystemWritable {
  write(bytes: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

interface FileSystemFile {
  getFile(): Promise<Blob>;
  createWritable(): Promise<FileSystemWritable>;
}

interface FileSystemFolder {
  getDirectoryHandle(name: string, options?: { create: boolean }): Promise<FileSystemFolder>;
  getFileHandle(name: string, options?: { create: boolean }): Promise<FileSystemFile>;
  removeEntry(name: string, options?: { recursive: boolean }): Promise<void>;
  keys(): AsyncIterable<string>;
}

interface BrowserCache {
  match(url: string): Promise<Response | undefined>;
  put(url: string, response: Response): Promise<void>;
  delete(url: string): Promise<boolean>;
  keys(): Promise<readonly Request[]>;
}

interface BrowserLocks {
  request<T>(name: string, options: { ifAvailable: true }, act: (lock: object | null) => Promise<T>): Promise<T>;
}

declare const caches: { open(name: string): Promise<BrowserCache> } | undefined;
