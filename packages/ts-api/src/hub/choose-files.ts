import type { ErrorCode } from "../generated/protocol.js";
import { WickError } from "../error/wick-error.js";
import { partNames } from "../source/part-names.js";
import type { HubFile } from "./hub-client.js";
import type { HubName } from "./hub-name.js";

/** What of a repository is the model. */
export interface Choice {
  files: readonly HubFile[];
  /** The path that is loaded: a file, the first of its parts, or "" for the folder of them all. */
  main: string;
}

/** Beside the weights, what an engine reads of a checkpoint. */
const textFiles =
  /^(?:config|generation_config|tokenizer|tokenizer_config|special_tokens_map|added_tokens|chat_template|modules|model\.safetensors\.index)\.json$|^chat_template\.jinja$|^\d+_[A-Za-z]+\/config\.json$/;
const weights = /^(?:model|pytorch_model)[^/]*\.safetensors$/;
/** Where nothing is said, what most people take: close to the whole model, at a third of its size. */
const preferred = [
  "Q4_K_M",
  "Q4_K_S",
  "Q4_0",
  "Q5_K_M",
  "Q5_K_S",
  "Q6_K",
  "Q8_0",
  "Q5_0",
  "Q3_K_M",
  "BF16",
  "F16",
  "F32",
];
/** Parts of a GGUF repository that are no model: projectors of images, matrices of importance. */
const noModel = /mmproj|imatrix/i;

/**
 * Chooses the files of a model.
 *
 * @throws {@link WickError} `not_found` with what there is, `model_unsupported` where no format is read.
 */
export function chooseFiles(files: readonly HubFile[], name: HubName): Choice {
  const { repository, file, quantization } = name;
  if (file !== undefined) return oneFile(files, file, repository);
  const ggufs = files.filter(
    ({ path }) => path.endsWith(".gguf") && !noModel.test(path) && partNames(path)[0] === path,
  );
  if (quantization !== undefined) {
    const found = ggufs.filter(({ path }) => isOf(path, quantization));
    if (found.length > 0) return whole(shortest(found), files, repository);
    const there = listed(ggufs) || "none";
    throw noSuch("not_found", `${repository} has no GGUF file of type ${quantization}; it has ${there}.`);
  }
  const checkpoint = files.filter(({ path }) => textFiles.test(path) || weights.test(path));
  const isCheckpoint = ["config.json", "tokenizer.json"].every((needed) =>
    checkpoint.some(({ path }) => path === needed),
  );
  if (isCheckpoint && checkpoint.some(({ path }) => weights.test(path))) return { files: checkpoint, main: "" };
  const [only, another] = ggufs;
  if (only !== undefined && another === undefined) return whole(only, files, repository);
  const found = preferred.map((known) => ggufs.filter(({ path }) => isOf(path, known))).find((of) => of.length > 0);
  if (found !== undefined) return whole(shortest(found), files, repository);
  if (ggufs.length > 0) throw noSuch("not_found", `${repository} has several GGUF files: say which, ${listed(ggufs)}.`);
  const pickles = files.filter(({ path }) => /\.(?:bin|pt|pth|ckpt)$/.test(path));
  const what =
    pickles.length > 0 ? `only ${listed(pickles)}, which is code and never opened` : "neither GGUF nor safetensors";
  throw noSuch("model_unsupported", `${repository} has ${what}. Look for a copy in GGUF or safetensors.`);
}

function oneFile(files: readonly HubFile[], file: string, repository: string): Choice {
  const found = files.find(({ path }) => path === file);
  if (found !== undefined) return whole(found, files, repository);
  const others = files.filter(({ path }) => path.endsWith(".gguf"));
  throw noSuch(
    "not_found",
    `${repository} has no file "${file}"${others.length > 0 ? `; it has ${listed(others)}` : ""}.`,
  );
}

/** The file, or all parts of the split one that it is a part of. */
function whole(file: HubFile, all: readonly HubFile[], repository: string): Choice {
  const names = partNames(file.path);
  const parts = names.map((name) => {
    const part = all.find(({ path }) => path === name);
    if (part === undefined) throw noSuch("not_found", `${repository} lacks "${name}", a part of "${file.path}".`);
    return part;
  });
  return { files: parts, main: names[0] ?? file.path };
}

/** `-Q4_K_M.`, `.Q4_K_M.`, and not `Q4_K_M` within another name. */
function isOf(path: string, quantization: string): boolean {
  return new RegExp(`(?:^|[-._/])${quantization}(?:[-./]|$)`, "i").test(path.replace(/\.gguf$/, ""));
}

function shortest(files: readonly HubFile[]): HubFile {
  // Not empty where it is called.
  return files.toSorted((one, other) => one.path.length - other.path.length)[0] as HubFile;
}

function listed(files: readonly HubFile[]): string {
  return files
    .slice(0, 20)
    .map(({ path }) => path)
    .join(", ");
}

function noSuch(code: ErrorCode, message: string): WickError {
  return new WickError({ code, message, where: "source", retryable: false });
}
