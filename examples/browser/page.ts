import { demoModel } from "@wick/demo-model";
import { type LoadProgress, type Message, Model, type ModelSource, WickError } from "wick";
import { answer } from "./answer.ts";
import { ResponseTally } from "./response-tally.ts";

const status = element("status", HTMLElement);
const loading = element("loading", HTMLProgressElement);
const list = element("messages", HTMLOListElement);
const question = element("question", HTMLInputElement);
const thinking = element("thinking", HTMLInputElement);
const send = element("send", HTMLButtonElement);
const stop = element("stop", HTMLButtonElement);
const speed = element("speed", HTMLElement);
const tally = new ResponseTally(element("kinds", HTMLElement), element("last", HTMLElement));

let model: Model | undefined;
let messages: Message[] = [];
let running: AbortController | undefined;

element("file", HTMLInputElement).addEventListener("change", ({ target }) => {
  const [file] = (target as HTMLInputElement).files ?? [];
  if (file !== undefined) void load(file.name, file.stream());
});
element("ask", HTMLFormElement).addEventListener("submit", (event) => {
  event.preventDefault();
  if (model !== undefined && running === undefined && question.value.trim() !== "") void ask(model, question.value);
});
stop.addEventListener("click", () => running?.abort());
await load("the demo model", demoModel());

async function load(name: string, source: ModelSource): Promise<void> {
  send.disabled = true;
  running?.abort();
  loading.hidden = false;
  status.textContent = `Loading ${name} …`;
  try {
    await model?.close();
    // In a Web Worker, so that the page stays responsive; downloads are kept for the next visit.
    model = await Model.load(source, { worker: true, onProgress: showProgress });
    messages = [];
    list.replaceChildren();
    send.disabled = false;
    status.textContent = `${model.info.id}: ${model.info.architecture}, ${model.info.engine} in WebAssembly`;
    question.focus();
  } catch (error) {
    if (!WickError.isInstance(error)) throw error;
    status.textContent = `${error.code}: ${error.message}`;
  } finally {
    loading.hidden = true;
  }
}

function showProgress({ kind, loadedBytes, totalBytes }: LoadProgress): void {
  if (totalBytes !== undefined) loading.value = loadedBytes / totalBytes;
  const megabytes = (loadedBytes / 1e6).toFixed(1);
  status.textContent = { download: "Downloading", verify: "Checking", weights: "Reading" }[kind] + ` … ${megabytes} MB`;
}

async function ask(asked: Model, content: string): Promise<void> {
  running = new AbortController();
  send.disabled = true;
  stop.disabled = false;
  question.value = "";
  messages.push({ role: "user", content });
  add("user").textContent = content;
  const reasoning = add("reasoning");
  const said = add("assistant");
  tally.clear();
  // At a temperature of 0 the small model says what it knows best; drop it for answers that vary.
  const request = { messages, temperature: 0, reasoning: { effort: thinking.checked ? "high" : "none" } } as const;
  const stream = asked.chat.stream(request, { signal: running.signal });
  for await (const progress of answer(stream, tally)) {
    reasoning.textContent = progress.reasoning;
    said.textContent = progress.content;
    speed.textContent = progress.speed;
    if (progress.note !== undefined) add("note").textContent = progress.note;
    list.scrollTop = list.scrollHeight;
    if (progress.message !== undefined) messages.push(progress.message);
  }
  if (reasoning.textContent === "") reasoning.remove();
  running = undefined;
  send.disabled = false;
  stop.disabled = true;
  question.focus();
}

function add(kind: "user" | "assistant" | "reasoning" | "note"): HTMLLIElement {
  const item = document.createElement("li");
  item.className = kind;
  list.append(item);
  return item;
}

function element<E extends HTMLElement>(id: string, type: abstract new () => E): E {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new Error(`The page has no ${type.name} #${id}.`);
  return found;
}
