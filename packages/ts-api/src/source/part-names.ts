/** `model-00002-of-00003.gguf`, as `llama-gguf-split` names the parts of a file. */
const numbered = /^(.*)-(\d{5})-of-(\d{5})\.gguf$/s;
/** The engine takes no more. */
const mostParts = 1000;

/** The names, or paths, of all parts of the split GGUF file that `name` is a part of; itself alone where it is none. */
export function partNames(name: string): readonly string[] {
  const [, stem = "", number = "", count = ""] = numbered.exec(name) ?? [];
  const parts = Number(count);
  if (parts < 1 || parts > mostParts || Number(number) < 1 || Number(number) > parts) return [name];
  return Array.from({ length: parts }, (_, at) => `${stem}-${String(at + 1).padStart(5, "0")}-of-${count}.gguf`);
}
