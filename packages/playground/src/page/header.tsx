import { Icon, type IconName } from "./icon.js";
import type { PanelName } from "./layout.js";
import { usePage } from "./page-context.js";

const panels: readonly { name: PanelName; title: string; icon: IconName }[] = [
  { name: "settings", title: "Settings", icon: "settings" },
  { name: "inspector", title: "Inspector", icon: "inspector" },
  { name: "code", title: "Code", icon: "code" },
];

const themeIcons = { system: "system", light: "sun", dark: "moon" } as const;

/** The page's name, and what opens its panels. */
export function Header() {
  const { layout, theme } = usePage();
  const name = theme.name.value;
  return (
    <header class="top">
      <button
        type="button"
        class="quiet"
        aria-label="Conversations"
        title="Conversations"
        aria-expanded={layout.isListOpen.value}
        onClick={() => {
          layout.isListOpen.value = !layout.isListOpen.value;
        }}
      >
        <Icon name="list" />
      </button>
      <h1>
        <svg class="mark" viewBox="0 0 16 24" width="12" height="18" aria-hidden="true" focusable="false">
          <path
            class="flame"
            d="M8 1c3 3.400 4.800 5.800 4.800 8.400a4.800 4.800 0 0 1-9.600 0C3.200 6.800 5 4.400 8 1z"
          />
          <path class="stem" d="M8 9.500V23" />
        </svg>
        Wick
      </h1>
      <nav aria-label="Panels">
        {panels.map((panel) => (
          <button
            key={panel.name}
            type="button"
            class="quiet tab"
            title={panel.title}
            aria-expanded={layout.panel.value === panel.name}
            onClick={() => layout.toggle(panel.name)}
          >
            <Icon name={panel.icon} />
            <span class="word">{panel.title}</span>
          </button>
        ))}
      </nav>
      <button
        type="button"
        class="quiet"
        aria-label={`Theme: ${name}`}
        title={`Theme: ${name}`}
        onClick={() => theme.next()}
      >
        <Icon name={themeIcons[name]} />
      </button>
      <button
        type="button"
        class="quiet"
        aria-label="Keyboard shortcuts"
        title="Keyboard shortcuts (?)"
        onClick={() => {
          layout.dialog.value = "shortcuts";
        }}
      >
        <Icon name="help" />
      </button>
    </header>
  );
}
