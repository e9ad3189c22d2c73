/** Longer texts are cut in the view; copying has all of it. */
const longest = 60_000;

const pieces = /("(?:[^"\\]|\\.)*")(\s*:)?|\b(?:true|false|null)\b|-?\d+(?:\.\d+)?(?:e[-+]?\d+)?/gi;

/** JSON with its names, texts and numbers told apart. */
export function JsonView({ value, label }: { value: unknown; label: string }) {
  const text = JSON.stringify(value, null, 2);
  const shown = text.slice(0, longest);
  return (
    <pre class="json" role="group" tabIndex={0} aria-label={label}>
      {nodesOf(shown)}
      {text.length > longest && `\n… ${(text.length - longest).toLocaleString()} characters more`}
    </pre>
  );
}

function nodesOf(text: string) {
  const nodes = [];
  let at = 0;
  for (const match of text.matchAll(pieces)) {
    const [whole, string, colon] = match;
    nodes.push(text.slice(at, match.index));
    const kind = string === undefined ? "value" : colon === undefined ? "text" : "name";
    nodes.push(<span class={kind}>{whole}</span>);
    at = match.index + whole.length;
  }
  nodes.push(text.slice(at));
  return nodes;
}
