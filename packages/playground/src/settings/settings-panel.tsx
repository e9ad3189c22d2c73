import type { ComponentChildren } from "preact";
import { usePage } from "../page/page-context.js";
import { pageTools } from "../tools/page-tools.js";
import { numberFields } from "./number-field.js";
import { type Issues, requestSettings } from "./request-settings.js";
import {
  type FormatKind,
  type NumberName,
  type ToolUse,
  type WrittenFormat,
  efforts,
  formatKinds,
  toolUses,
} from "./settings.js";

const formatNames: Readonly<Record<FormatKind, string>> = {
  text: "Text",
  json_object: "JSON",
  json_schema: "JSON of a schema",
  regex: "A regular expression",
  choice: "One of several answers",
};
const formatHelp: Readonly<Record<WrittenFormat, string>> = {
  json_schema: "A JSON Schema.",
  regex: "The answer matches it as a whole.",
  choice: "An answer on each line.",
};
const toolUseNames: Readonly<Record<ToolUse, string>> = { off: "Off", ask: "Ask first", run: "Run" };

/** What is set for all conversations, and what of it is wrong. */
export function SettingsPanel() {
  const { settings } = usePage().playground;
  const { issues } = requestSettings(settings.current.value);
  return (
    <form class="settings" aria-label="Settings" onSubmit={(event) => event.preventDefault()}>
      <Group title="Sampling">
        <Numbers names={["temperature", "topP", "topK", "minP", "randomSeed", "maxTokens"]} issues={issues} />
        <StopStrings issue={issues.stop} />
      </Group>
      <Group title="Penalties">
        <Numbers names={["frequencyPenalty", "presencePenalty", "repetitionPenalty"]} issues={issues} />
      </Group>
      <Group title="Reasoning">
        <div class="numbers">
          <EffortField />
          <NumberInput name="reasoningTokens" issue={issues.reasoningTokens} />
        </div>
      </Group>
      <Group title="Format of the answer">
        <FormatField issue={issues.format} />
      </Group>
      <Group title="Token probabilities">
        <Logprobs issues={issues} />
      </Group>
      <Group title="Tools">
        <Tools issues={issues} />
      </Group>
      <button type="button" class="plain reset" onClick={() => settings.reset()}>
        Reset all settings
      </button>
    </form>
  );
}

function Group({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <fieldset>
      <legend>{title}</legend>
      {children}
    </fieldset>
  );
}

function Numbers({ names, issues }: { names: readonly NumberName[]; issues: Issues }) {
  return (
    <div class="numbers">
      {names.map((name) => (
        <NumberInput key={name} name={name} issue={issues[name]} />
      ))}
    </div>
  );
}

function NumberInput({ name, issue }: { name: NumberName; issue: string | undefined }) {
  const { settings } = usePage().playground;
  const { label, help, isWhole } = numberFields[name];
  return (
    <div class="field">
      <label for={name}>{label}</label>
      <input
        id={name}
        inputMode={isWhole === true ? "numeric" : "decimal"}
        autocomplete="off"
        placeholder="default"
        value={settings.current.value.numbers[name]}
        aria-invalid={issue !== undefined}
        aria-describedby={`${name}-words`}
        onInput={({ currentTarget }) => settings.changeNumber(name, currentTarget.value)}
      />
      <p id={`${name}-words`} class={issue === undefined ? "help" : "issue"}>
        {issue ?? help}
      </p>
    </div>
  );
}

function StopStrings({ issue }: { issue: string | undefined }) {
  const { settings } = usePage().playground;
  return (
    <div class="field">
      <label for="stop">Stop strings</label>
      <textarea
        id="stop"
        rows={2}
        spellcheck={false}
        value={settings.current.value.stop}
        aria-invalid={issue !== undefined}
        aria-describedby="stop-words"
        onInput={({ currentTarget }) => settings.change({ stop: currentTarget.value })}
      />
      <p id="stop-words" class={issue === undefined ? "help" : "issue"}>
        {issue ?? "One on each line; \\n stands for a line’s end."}
      </p>
    </div>
  );
}

function EffortField() {
  const { settings } = usePage().playground;
  return (
    <div class="field">
      <label for="effort">Effort</label>
      <select
        id="effort"
        value={settings.current.value.effort}
        onChange={({ currentTarget }) => {
          const effort = efforts.find((one) => one === currentTarget.value);
          if (effort !== undefined) settings.change({ effort });
        }}
      >
        {efforts.map((effort) => (
          <option key={effort} value={effort}>
            {effort === "" ? "default" : effort}
          </option>
        ))}
      </select>
    </div>
  );
}

function FormatField({ issue }: { issue: string | undefined }) {
  const { settings } = usePage().playground;
  const { format } = settings.current.value;
  const { kind } = format;
  const isWritten = kind !== "text" && kind !== "json_object";
  return (
    <>
      <div class="field">
        <label for="format">The answer is</label>
        <select
          id="format"
          value={kind}
          onChange={({ currentTarget }) => {
            const chosen = formatKinds.find((one) => one === currentTarget.value);
            if (chosen !== undefined) settings.change({ format: { ...format, kind: chosen } });
          }}
        >
          {formatKinds.map((one) => (
            <option key={one} value={one}>
              {formatNames[one]}
            </option>
          ))}
        </select>
      </div>
      {isWritten && (
        <div class="field">
          <label for="format-text">{formatNames[kind]}</label>
          <textarea
            id="format-text"
            class="code"
            rows={kind === "json_schema" ? 8 : 3}
            spellcheck={false}
            value={format.text[kind]}
            aria-invalid={issue !== undefined}
            aria-describedby="format-words"
            onInput={({ currentTarget }) =>
              settings.change({ format: { ...format, text: { ...format.text, [kind]: currentTarget.value } } })
            }
          />
          <p id="format-words" class={issue === undefined ? "help" : "issue"}>
            {issue ?? formatHelp[kind]}
          </p>
        </div>
      )}
    </>
  );
}

function Logprobs({ issues }: { issues: Issues }) {
  const { settings } = usePage().playground;
  const { logprobs } = settings.current.value;
  return (
    <>
      <label class="check">
        <input
          type="checkbox"
          checked={logprobs}
          onChange={({ currentTarget }) => settings.change({ logprobs: currentTarget.checked })}
        />
        Tell how likely each token was
      </label>
      {logprobs && (
        <>
          <NumberInput name="topLogprobs" issue={issues.topLogprobs} />
          <p class="help">They are under “Tokens” of an answer, for this visit.</p>
        </>
      )}
    </>
  );
}

function Tools({ issues }: { issues: Issues }) {
  const { settings } = usePage().playground;
  const { tools, serverTools } = settings.current.value;
  return (
    <>
      <p class="help">This page runs them, when the model calls them.</p>
      <ul class="tools">
        {pageTools.map(({ title, definition: { name, description } }) => (
          <li key={name}>
            <label for={`tool-${name}`}>{title}</label>
            <select
              id={`tool-${name}`}
              value={tools[name] ?? "off"}
              aria-describedby={`tool-${name}-words`}
              onChange={({ currentTarget }) => {
                const use = toolUses.find((one) => one === currentTarget.value);
                if (use !== undefined) settings.change({ tools: { ...tools, [name]: use } });
              }}
            >
              {toolUses.map((use) => (
                <option key={use} value={use}>
                  {toolUseNames[use]}
                </option>
              ))}
            </select>
            <p id={`tool-${name}-words`} class="help">
              {description}
            </p>
          </li>
        ))}
      </ul>
      <label class="check">
        <input
          type="checkbox"
          checked={serverTools}
          onChange={({ currentTarget }) => settings.change({ serverTools: currentTarget.checked })}
        />
        The server’s own tools, where it has some
      </label>
      <NumberInput name="maxToolRounds" issue={issues.maxToolRounds} />
    </>
  );
}
