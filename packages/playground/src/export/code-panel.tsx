import { useComputed, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { WickError } from "wick/remote";
import { codePieces } from "../markdown/growing-code.js";
import { downloadText } from "../page/clipboard.js";
import { CopyButton } from "../page/copy-button.js";
import { Icon } from "../page/icon.js";
import { usePage } from "../page/page-context.js";
import { curlCommand } from "./curl.js";
import type { Exported } from "./exported.js";
import { openaiProgram } from "./openai-program.js";
import { wickProgram } from "./wick-program.js";

const forms = ["wick", "curl", "openai"] as const;
type Form = (typeof forms)[number];

const about: Readonly<Record<Form, { title: string; file: string }>> = {
  wick: { title: "TypeScript", file: "chat.ts" },
  curl: { title: "curl", file: "chat.sh" },
  openai: { title: "OpenAI client", file: "chat-openai.ts" },
};

/** The conversation with its settings as a program, and as a file. */
export function CodePanel() {
  const { playground } = usePage();
  const form = useSignal<Form>("wick");
  const written = useSignal<Written>({ text: "" });
  const exported = useComputed(() => playground.exported());
  useEffect(() => {
    let isCurrent = true;
    const write = async () => {
      const program = await programOf(form.value, exported.value);
      if (isCurrent) written.value = program;
    };
    void write();
    return () => {
      isCurrent = false;
    };
  }, [form.value, exported.value]);
  const { text, issue } = written.value;
  return (
    <div class="code-panel">
      <div class="forms" role="radiogroup" aria-label="Language">
        {forms.map((one) => (
          <label key={one} class={form.value === one ? "chosen" : ""}>
            <input
              type="radio"
              name="form"
              class="off-screen"
              checked={form.value === one}
              onChange={() => {
                form.value = one;
              }}
            />
            {about[one].title}
          </label>
        ))}
      </div>
      {issue !== undefined && <p class="issue">{issue}</p>}
      {text !== "" && <Program text={text} file={about[form.value].file} />}
      <ConversationFile />
    </div>
  );
}

function Program({ text, file }: { text: string; file: string }) {
  return (
    <figure class="code program">
      <figcaption>
        <span>{file}</span>
        <CopyButton label="Copy the program" text={() => text} hasWords />
        <button
          type="button"
          class="quiet words"
          aria-label={`Download ${file}`}
          onClick={() => downloadText(file, "text/plain", text)}
        >
          <Icon name="download" />
          Download
        </button>
      </figcaption>
      <pre role="group" tabIndex={0} aria-label={file}>
        <code>
          {codePieces(text).map((piece, index) => (
            <span key={index} class="piece">
              {piece}
            </span>
          ))}
        </code>
      </pre>
    </figure>
  );
}

function ConversationFile() {
  const { playground } = usePage();
  return (
    <section class="file" aria-labelledby="file-title">
      <h3 id="file-title">The conversation</h3>
      <p class="help">As JSON with all its branches, which this page can import.</p>
      <div class="file-bar">
        <CopyButton label="Copy the conversation" text={() => playground.exportJson()} hasWords />
        <button
          type="button"
          class="quiet words"
          aria-label="Download the conversation"
          onClick={() => downloadText("conversation.json", "application/json", playground.exportJson())}
        >
          <Icon name="download" />
          Download
        </button>
      </div>
    </section>
  );
}

/** A program, or why there is none. */
interface Written {
  text: string;
  issue?: string;
}

async function programOf(form: Form, exported: Exported): Promise<Written> {
  if (form === "wick") return { text: wickProgram(exported) };
  if (exported.isInBrowser) {
    return {
      text: "",
      issue: "The model runs in this page, where no other program can ask it. Choose one of the server’s.",
    };
  }
  try {
    return { text: form === "curl" ? `${await curlCommand(exported)}\n` : await openaiProgram(exported) };
  } catch (error) {
    if (!WickError.isInstance(error)) throw error;
    return { text: "", issue: error.message };
  }
}
