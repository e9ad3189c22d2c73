import { Composer } from "./composer/composer.js";
import { ConversationList } from "./conversation/conversation-list.js";
import { KeyDialog } from "./models/key-dialog.js";
import { focusMessageBox, messageBoxId } from "./page/focus.js";
import { Header } from "./page/header.js";
import { LiveRegion } from "./page/live-region.js";
import { NoticeBar } from "./page/notice-bar.js";
import { usePage } from "./page/page-context.js";
import { ShortcutsDialog } from "./page/shortcuts-dialog.js";
import { SidePanel } from "./page/side-panel.js";
import { Transcript } from "./transcript/transcript.js";

/** The whole page. */
export function App() {
  const { layout } = usePage();
  return (
    <div class="page">
      <a
        class="skip-link"
        href={`#${messageBoxId}`}
        onClick={(event) => {
          // Without a trace in the address.
          event.preventDefault();
          focusMessageBox();
        }}
      >
        Skip to the message box
      </a>
      <Header />
      <div class="columns">
        <ConversationList />
        <main>
          <Transcript />
          <div class="below">
            <NoticeBar />
            <Composer />
          </div>
        </main>
        <SidePanel />
      </div>
      <LiveRegion />
      {layout.dialog.value === "shortcuts" && <ShortcutsDialog />}
      {layout.dialog.value === "key" && <KeyDialog />}
    </div>
  );
}
