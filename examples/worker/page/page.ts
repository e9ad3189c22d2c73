import { type Message, assertNever, readResponses } from "wick";

const list = element("messages", HTMLOListElement);
const question = element("question", HTMLInputElement);
const send = element("send", HTMLButtonElement);
const stop = element("stop", HTMLButtonElement);
const messages: Message[] = [];
let running: AbortController | undefined;

element("ask", HTMLFormElement).addEventListener("submit", (event) => {
  event.preventDefault();
  if (running === undefined && question.value.trim() !== "") void ask(question.value);
});
// The body is cancelled with it: the Worker hears that nobody reads, and stops.
stop.addEventListener("click", () => running?.abort());

async function ask(content: string): Promise<void> {
  running = new AbortController();
  const { signal } = running;
  send.disabled = true;
  stop.disabled = false;
  question.value = "";
  messages.push({ role: "user", content });
  add("user").textContent = content;
  const said = add("assistant");
  try {
    const body = JSON.stringify({ messages });
    const answer = await fetch("/chat", { method: "POST", body, signal });
    if (!answer.ok) throw new Error(`${answer.status}: ${await answer.text()}`);
    for await (const response of readResponses(answer, { signal })) {
      switch (response.kind) {
        case "chunk":
          said.textContent += response.choices[0].delta.content ?? "";
          list.scrollTop = list.scrollHeight;
          break;
        case "done":
          messages.push(response.completion.choices[0].message);
          break;
        case "cancelled":
          messages.push(response.partial.choices[0].message);
          add("note").textContent = "Stopped.";
          break;
        case "validation_error":
        case "model_error":
        case "internal_error":
          add("note").textContent = `${response.error.code}: ${response.error.message}`;
          break;
        default:
          assertNever(response);
      }
    }
  } catch (error) {
    add("note").textContent = signal.aborted ? "Stopped." : String(error);
  } finally {
    running = undefined;
    send.disabled = false;
    stop.disabled = true;
    question.focus();
  }
}

function add(kind: "user" | "assistant" | "note"): HTMLLIElement {
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
