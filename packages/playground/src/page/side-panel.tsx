import { CodePanel } from "../export/code-panel.js";
import { InspectorPanel } from "../inspector/inspector-panel.js";
import { SettingsPanel } from "../settings/settings-panel.js";
import { Dialog } from "./dialog.js";
import { Icon } from "./icon.js";
import type { PanelName } from "./layout.js";
import { usePage } from "./page-context.js";

const panels = {
  settings: { title: "Settings", View: SettingsPanel },
  inspector: { title: "Inspector", View: InspectorPanel },
  code: { title: "Code", View: CodePanel },
} as const satisfies Record<PanelName, object>;

/** What is open at the side: in a column, or before the page where there is no room for one. */
export function SidePanel() {
  const { layout } = usePage();
  const name = layout.panel.value;
  if (name === null) return null;
  const { title, View } = panels[name];
  const close = () => {
    layout.panel.value = null;
  };
  if (!layout.hasPanelColumn.value) {
    return (
      <Dialog key={name} title={title} kind="right" onClose={close}>
        <View />
      </Dialog>
    );
  }
  return (
    <aside class="panel-column" aria-label={title}>
      <div class="dialog-head">
        <h2>{title}</h2>
        <button type="button" class="quiet" aria-label={`Close ${title}`} title="Close" onClick={close}>
          <Icon name="close" />
        </button>
      </div>
      <View />
    </aside>
  );
}
