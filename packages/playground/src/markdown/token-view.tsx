import type { Token, Tokens } from "marked";
import type { ComponentChild, VNode } from "preact";
import { codePieces } from "./growing-code.js";
import { CodeView } from "./code-view.js";
import { deepest, inlineNodes } from "./inline.js";

/** A block that marked has taken apart. */
export function TokenView({ token }: { token: Token }) {
  return <>{tokenNode(token, 0)}</>;
}

function tokenNodes(tokens: readonly Token[] = [], depth: number): ComponentChild[] {
  return tokens.map((token) => tokenNode(token, depth));
}

function tokenNode(token: Token, depth: number): ComponentChild {
  if (depth > deepest) return <p class="as-is">{token.raw}</p>;
  switch (token.type) {
    case "space":
    case "def":
      return null;
    case "paragraph":
      return <p>{inlineNodes((token as Tokens.Paragraph).tokens)}</p>;
    case "heading":
      return heading(token as Tokens.Heading);
    case "hr":
      return <hr />;
    case "blockquote":
      return <blockquote>{tokenNodes((token as Tokens.Blockquote).tokens, depth + 1)}</blockquote>;
    case "list":
      return list(token as Tokens.List, depth);
    case "table":
      return table(token as Tokens.Table);
    case "code": {
      const { lang = "", text } = token as Tokens.Code;
      return <CodeView language={lang.split(/\s/, 1)[0] ?? ""} pieces={codePieces(text)} />;
    }
    case "html":
      return <p class="as-is">{token.raw.trimEnd()}</p>;
    default:
      // Within items of lists blocks and text stand side by side.
      return inlineNodes([token], depth);
  }
}

/** A model's headings stand below those of the page, which has two levels. */
function heading({ depth, tokens }: Tokens.Heading): VNode {
  const inner = inlineNodes(tokens);
  switch (depth) {
    case 1:
    case 2:
      return <h3 class={depth === 1 ? "first" : ""}>{inner}</h3>;
    case 3:
      return <h4>{inner}</h4>;
    case 4:
      return <h5>{inner}</h5>;
    default:
      return <h6>{inner}</h6>;
  }
}

function list({ ordered, start, items }: Tokens.List, depth: number): VNode {
  const inner = items.map(({ tokens, task }, index) => (
    <li key={index} class={task ? "task" : ""}>
      {tokenNodes(tokens, depth + 1)}
    </li>
  ));
  return ordered ? <ol start={start === "" ? 1 : start}>{inner}</ol> : <ul>{inner}</ul>;
}

/** Wide tables scroll for themselves, also by the keyboard. */
function table({ header, rows }: Tokens.Table): VNode {
  return (
    <div class="table" role="group" aria-label="Table" tabIndex={0}>
      <table>
        <thead>
          <tr>
            {header.map(({ tokens, align }, index) => (
              <th key={index} scope="col" class={align ?? ""}>
                {inlineNodes(tokens)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((cells, row) => (
            <tr key={row}>
              {cells.map(({ tokens, align }, index) => (
                <td key={index} class={align ?? ""}>
                  {inlineNodes(tokens)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
