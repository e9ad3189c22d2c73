import { effect } from "@preact/signals";
import { render } from "preact";
import { App } from "./app.js";
import { titleOf } from "./conversation/conversation.js";
import { ConversationShelf } from "./conversation/conversation-shelf.js";
import { ModelChoice } from "./models/model-choice.js";
import { ServerKey, tabStorage } from "./models/server-key.js";
import { Announcer } from "./page/announcer.js";
import { focusMessageBox } from "./page/focus.js";
import { keptTexts } from "./page/kept-texts.js";
import { Layout } from "./page/layout.js";
import { Notices } from "./page/notices.js";
import { PageProvider } from "./page/page-context.js";
import { Shortcuts } from "./page/shortcuts.js";
import { Theme } from "./page/theme.js";
import { Playground } from "./playground.js";
import { KeptSettings } from "./settings/kept-settings.js";

const { kept, isLasting } = keptTexts();
const announcer = new Announcer();
const notices = new Notices(announcer);
const shelf = new ConversationShelf(kept);
const settings = new KeptSettings(kept);
const models = new ModelChoice(location.origin, new ServerKey(tabStorage()), async (onProgress, signal) => {
  const { loadBrowserModel } = await import("./models/browser-model.js");
  return loadBrowserModel(onProgress, signal);
});
const playground = new Playground({ shelf, settings, models, announcer, notices });
const layout = new Layout();
const theme = new Theme(kept);

const click = (name: string) => {
  const buttons = document.querySelectorAll<HTMLButtonElement>(`[data-shortcut="${name}"]`);
  buttons.item(buttons.length - 1)?.click();
};
const shortcuts = new Shortcuts(
  [
    { key: "/", does: "Go to the message box", act: focusMessageBox },
    { key: "n", does: "Begin a new conversation", act: () => playground.begin() && focusMessageBox() },
    { key: "e", does: "Edit the last question", act: () => click("edit") },
    { key: "r", does: "Have the last question answered again", act: () => click("retry") },
    { key: "l", does: "Conversations", act: () => (layout.isListOpen.value = !layout.isListOpen.value) },
    { key: "s", does: "Settings", act: () => layout.toggle("settings") },
    { key: "i", does: "Inspector", act: () => layout.toggle("inspector") },
    { key: "c", does: "Code", act: () => layout.toggle("code") },
    { key: "t", does: "Light, dark, or as the system has it", act: () => theme.next() },
    { key: "?", does: "This list", act: () => (layout.dialog.value = "shortcuts") },
  ],
  kept,
);

document.addEventListener("keydown", (event) => {
  // What stands before the page has its keys to itself.
  if (event.defaultPrevented || document.querySelector("dialog:modal") !== null) return;
  const isDone = event.key === "Escape" ? playground.stop() : shortcuts.press(event);
  if (isDone) event.preventDefault();
});
addEventListener("storage", ({ key }) => shelf.changedElsewhere(key));
addEventListener("pagehide", () => playground.keepRuns());
effect(() => {
  document.title = `${titleOf(playground.conversation.value)} – Wick`;
});
effect(() => {
  if (models.served.value.kind === "locked") layout.dialog.value = "key";
});
if (!isLasting) notices.problem("This browser keeps nothing for this page: conversations last until it is closed.");
if (settings.wasDamaged)
  notices.problem("The settings that were kept could not be read, and are back at their defaults.");
if (shelf.damaged.length > 0) {
  notices.problem(
    `${shelf.damaged.length} kept conversations could not be read. They are left in the browser’s storage.`,
  );
}
void models.ask();

const root = document.getElementById("page");
if (root === null) throw new Error("The document has no #page.");
render(
  <PageProvider value={{ playground, layout, theme, shortcuts }}>
    <App />
  </PageProvider>,
  root,
);
