import { describe, expect, test } from "vitest";
import { blockNode } from "../../src/markdown/block-node.ts";
import { withoutReferences } from "../../src/markdown/character-reference.ts";
import { wholeMarkdown } from "../../src/markdown/growing-markdown.ts";
import { safeLink } from "../../src/markdown/safe-link.ts";
import { all, attributes, drawn, textOf } from "./nodes.ts";

/** What Markdown without code draws. */
function nodesOf(text: string) {
  return wholeMarkdown(text).flatMap((block, index) => drawn(blockNode(block, index)));
}

describe("links", () => {
  test("lead out without telling where from", () => {
    const [link] = all(nodesOf("[**text**](https://example.com/?a=1&amp;b=2)"), "a");
    expect(link?.props).toMatchObject({
      href: "https://example.com/?a=1&b=2",
      target: "_blank",
      rel: "noopener noreferrer",
    });
    expect(textOf(link?.children ?? [])).toBe("text");
  });

  test.each([
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](java&#115;cript:alert(1))",
    "[x](&#1;javascript:alert(1))",
    "[x](data:text/html,<script>alert(1)</script>)",
    "[x](vbscript:x)",
    "[x](file:///etc/passwd)",
    "[x](blob:https://example.com/x)",
    "[x](/v1/models)",
    "[x](//example.com)",
    "[x](#id)",
    "![x](javascript:alert(1))",
    "![x](data:image/svg+xml,<svg/onload=alert(1)>)",
    "<javascript:x>",
    "[x]\n\n[x]: javascript:alert(1)",
  ])("%s is text", (text) => {
    const nodes = nodesOf(text);
    expect(all(nodes, "a")).toEqual([]);
    expect(textOf(nodes)).toContain("x");
  });

  test("addresses that are written out are links", () => {
    expect(
      all(nodesOf("See https://example.com/a_b_c. Or write to a@example.com!"), "a").map((a) => a.props["href"]),
    ).toEqual(["https://example.com/a_b_c", "mailto:a@example.com"]);
  });
});

test("an image is a link, so that nothing is fetched", () => {
  const nodes = nodesOf("![a cat](https://example.com/cat.png) ![](https://example.com/dog.png)");
  expect(all(nodes, "img")).toEqual([]);
  expect(all(nodes, "a").map(({ props, children }) => [props["href"], textOf(children)])).toEqual([
    ["https://example.com/cat.png", "a cat"],
    ["https://example.com/dog.png", "Image"],
  ]);
});

test("HTML is text, but for a line's break", () => {
  const text =
    '<script>alert(1)</script>\n\nOne <img src=x onerror="alert(1)"> two<br>three\n\n<iframe src="https://example.com">';
  const nodes = nodesOf(text);
  for (const tag of ["script", "img", "iframe"]) expect(all(nodes, tag)).toEqual([]);
  expect(all(nodes, "br")).toHaveLength(1);
  expect(textOf(nodes)).toContain("<script>alert(1)</script>");
  expect(textOf(nodes)).toContain('<img src=x onerror="alert(1)">');
  expect(textOf(nodes)).toContain('<iframe src="https://example.com">');
});

test("whatever a model writes, no attribute runs or fetches anything", () => {
  const hostile = [
    '[a](https://example.com "onclick=alert(1)")',
    "# <svg onload=alert(1)>",
    "| <style>*{display:none}</style> | b |\n|---|---|\n| [x](javascript:1) | ![y](https://e.com/y) |",
    "- [ ] <input onfocus=alert(1) autofocus>",
    "> <a href=javascript:alert(1)>x</a>",
  ].join("\n\n");
  const known =
    /^(?:a (?:href|title|target|rel|class)|div (?:class|role|aria-label|tabIndex)|input (?:type|disabled|checked|aria-label)|(?:th|td|li|p|h\d) class|th scope|ol start)$/;
  expect(attributes(nodesOf(hostile)).filter((name) => !known.test(name))).toEqual([]);
});

test("headings stand below those of the page", () => {
  const nodes = nodesOf("# a\n\n## b\n\n### c\n\n#### d\n\n##### e\n\n###### f");
  expect(nodes.map((node) => (typeof node === "string" ? node : node.tag))).toEqual([
    "h3",
    "h3",
    "h4",
    "h5",
    "h6",
    "h6",
  ]);
});

test("lists, tasks and tables", () => {
  const nodes = nodesOf("3. three\n4. four\n\n- [x] done\n- open\n\n| a | b |\n|:-:|--:|\n| 1<br>2 | **3** |");
  expect(all(nodes, "ol")[0]?.props["start"]).toBe(3);
  expect(all(nodes, "input").map(({ props }) => [props["type"], props["checked"], props["disabled"]])).toEqual([
    ["checkbox", true, true],
  ]);
  expect(all(nodes, "th").map(({ props }) => [props["class"], props["scope"]])).toEqual([
    ["center", "col"],
    ["right", "col"],
  ]);
  expect(all(nodes, "td").map(({ children }) => textOf(children))).toEqual(["12", "3"]);
});

test("what is nested very deep is shown as it was written", () => {
  const nodes = nodesOf(`${"> ".repeat(60)}deep`);
  expect(all(nodes, "blockquote").length).toBeLessThan(30);
  expect(textOf(nodes)).toContain("deep");
});

test("references of characters are those characters", () => {
  expect(withoutReferences("a &amp; b &lt;c&gt; &quot; &#169; &#xA9; &rarr; &nbsp;|")).toBe(
    'a & b <c> " © © → \u00A0|',
  );
  expect(withoutReferences("&unknown; &constructor; & &; &#0; &#xD800; &#1114112;")).toBe(
    "&unknown; &constructor; & &; \uFFFD \uFFFD \uFFFD",
  );
  expect(textOf(nodesOf("`&amp;` &amp;amp;"))).toBe("&amp; &amp;");
});

test("addresses that may be followed", () => {
  for (const href of ["https://a.b", "http://a.b/c?d#e", "mailto:a@b.c", "HTTPS://A.B"])
    expect(safeLink(href)).toBe(href);
  for (const href of ["", "a", "/a", "javascript:1", " javascript:1", "java\nscript:1"])
    expect(safeLink(href)).toBeUndefined();
});
