import { usePage } from "../page/page-context.js";

/** What the demo model, too, has something to say to. */
const questions = [
  "How does a battery work, in short?",
  "Show me TypeScript code that parses a number from text.",
  "Write a short story about Mia the fox.",
  "Return JSON with the keys name, food. Text: Zeynep likes honey.",
];

/** Before anything was said. */
export function EmptyTranscript() {
  const { playground } = usePage();
  return (
    <section class="empty" aria-label="Begin">
      <h2>Ask something.</h2>
      <p>
        What the model streams is in the Inspector, response by response. The same request as a program is under Code.
      </p>
      <ul>
        {questions.map((question) => (
          <li key={question}>
            <button type="button" class="suggestion" onClick={() => playground.send(question)}>
              {question}
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
