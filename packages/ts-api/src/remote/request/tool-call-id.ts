const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const idLength = 9;

/** Nine letters and digits, which every host takes as the id of a tool call. */
export function newToolCallId(): string {
  const random = crypto.getRandomValues(new Uint8Array(idLength));
  // 256 is no multiple of 62: some are a little likelier, which an id does not mind.
  return Array.from(random, (value) => letters[value % letters.length]).join("");
}

/**
 * The id of a call as Mistral's API takes it: nine letters and digits. One that is no such is always turned into the same, so that a
 * call and its answer stay together, and so do the prompts of two turns, which hosts keep in memory.
 */
export function nineLetterId(id: string): string {
  if (/^[A-Za-z0-9]{9}$/.test(id)) return id;
  // Two FNV-1a hashes from different starts: 64 bits for 53 that nine letters hold.
  const values = [0x811c9dc5, 0x01234567].map((start) => {
    let hash = start;
    for (let at = 0; at < id.length; at += 1) hash = Math.imul(hash ^ id.charCodeAt(at), 0x01000193) >>> 0;
    return hash;
  });
  let rest = values.reduce((whole, value) => (whole << 32n) | BigInt(value), 0n);
  let text = "";
  while (text.length < idLength) {
    text += letters[Number(rest % 62n)];
    rest /= 62n;
  }
  return text;
}
