import { type Hash, createHash } from "node:crypto";
import type { HubFile } from "./hub-client.js";

/** Follows a file's bytes in their order, and says at the end whether they are those of its digest. */
export class BlobDigest {
  readonly #hash: Hash;
  readonly #hex: string;

  constructor({ digest, bytes }: HubFile) {
    this.#hex = digest.hex;
    this.#hash = createHash(digest.algorithm === "sha256" ? "sha256" : "sha1");
    // How git names a file's content (https://git-scm.com/book/en/v2/Git-Internals-Git-Objects).
    if (digest.algorithm === "git-sha1") this.#hash.update(`blob ${bytes}\0`);
  }

  update(bytes: Uint8Array): void {
    this.#hash.update(bytes);
  }

  /** Called once. */
  matches(): boolean {
    return this.#hash.digest("hex") === this.#hex;
  }
}
