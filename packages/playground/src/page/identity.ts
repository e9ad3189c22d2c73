/** A name that no other thing of this page has. Not `crypto.randomUUID`: pages over plain http have none. */
export function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(9));
  return Array.from(bytes, (byte) => byte.toString(36).padStart(2, "0")).join("");
}
