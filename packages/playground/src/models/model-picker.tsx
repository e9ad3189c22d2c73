import type { LoadProgress } from "wick/remote";
import { usePage } from "../page/page-context.js";

/** Which model answers, and where it runs. */
export function ModelPicker() {
  const { models } = usePage().playground;
  const inBrowser = models.inBrowser.value;
  const isOn = inBrowser.kind !== "off";
  return (
    <div class="model-picker">
      {isOn ? <InBrowserState /> : <ServedState />}
      <button
        type="button"
        role="switch"
        class="switch"
        aria-checked={isOn}
        title="Run the demo model in this page, as WebAssembly: about 8 MB are loaded once"
        onClick={() => void models.runInBrowser(!isOn)}
      >
        <span class="knob" />
        In browser
      </button>
    </div>
  );
}

function ServedState() {
  const { layout, playground } = usePage();
  const { models } = playground;
  const served = models.served.value;
  switch (served.kind) {
    case "asking":
      return <span class="state">Looking for models …</span>;
    case "locked":
      return (
        <button
          type="button"
          class="plain"
          onClick={() => {
            layout.dialog.value = "key";
          }}
        >
          Enter the server’s key
        </button>
      );
    case "failed":
      return (
        <span class="state">
          {served.error.message}{" "}
          <button type="button" class="plain" onClick={() => void models.ask()}>
            Try again
          </button>
        </span>
      );
    case "ready":
      if (served.names.length === 0) return <span class="state">The server has no model.</span>;
      return (
        <select
          aria-label="Model"
          value={models.chosen.value}
          onChange={({ currentTarget }) => models.choose(currentTarget.value)}
        >
          {served.names.map((name) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      );
  }
}

function InBrowserState() {
  const { models } = usePage().playground;
  const inBrowser = models.inBrowser.value;
  switch (inBrowser.kind) {
    case "off":
      return null;
    case "loading":
      return <Loading progress={inBrowser.progress} />;
    case "ready":
      return <span class="state">{inBrowser.model.info.id}</span>;
    case "failed":
      return (
        <span class="state">
          <strong>{inBrowser.error.code}</strong> {inBrowser.error.message}{" "}
          <button type="button" class="plain" onClick={() => void models.runInBrowser(true)}>
            Try again
          </button>
        </span>
      );
  }
}

const doing = { download: "Fetching the model", verify: "Checking the model", weights: "Arranging the weights" };

function Loading({ progress }: { progress: LoadProgress | undefined }) {
  const { kind, loadedBytes = 0, totalBytes } = progress ?? {};
  const words = kind === undefined ? "Fetching the engine" : doing[kind];
  return (
    <span class="state loading">
      <label for="loading">{words}</label>
      <progress id="loading" max={totalBytes ?? 1} value={totalBytes === undefined ? undefined : loadedBytes} />
      {totalBytes !== undefined && (
        <span class="figure">
          {(loadedBytes / 1e6).toFixed(1)} of {(totalBytes / 1e6).toFixed(1)} MB
        </span>
      )}
    </span>
  );
}
