import { CopyButton } from "../page/copy-button.js";

/** Code with its language and a button that copies it. Its pieces are blocks of their own, so that the last alone is laid out anew. */
export function CodeView({ language, pieces }: { language: string; pieces: readonly string[] }) {
  const name = language === "" ? "Code" : language;
  return (
    <figure class="code">
      <figcaption>
        <span>{name}</span>
        <CopyButton label="Copy code" text={() => pieces.join("\n")} />
      </figcaption>
      <pre role="group" tabIndex={0} aria-label={`Code, ${name}`}>
        <code>
          {pieces.map((piece, index) => (
            <span key={index} class="piece">
              {piece === "" ? "\n" : piece}
            </span>
          ))}
        </code>
      </pre>
    </figure>
  );
}
