import { type ComponentChild, type VNode, isValidElement } from "preact";

/** What is drawn, as tags with their attributes and text. */
export interface Drawn {
  tag: string;
  props: Readonly<Record<string, unknown>>;
  children: (Drawn | string)[];
}

/** What nodes draw, components resolved. Only those without hooks can be. */
export function drawn(child: ComponentChild): (Drawn | string)[] {
  if (child === null || child === undefined || typeof child === "boolean") return [];
  if (Array.isArray(child)) return child.flatMap(drawn);
  if (!isValidElement(child)) return [String(child)];
  const { type, props } = child as VNode<Record<string, unknown>>;
  const { children, ...rest } = props;
  if (typeof type === "function") return drawn((type as (props: unknown) => ComponentChild)(props));
  return [{ tag: String(type), props: rest, children: drawn(children as ComponentChild) }];
}

/** All elements of a tag. */
export function all(nodes: readonly (Drawn | string)[], tag: string): Drawn[] {
  return nodes.flatMap((node) =>
    typeof node === "string" ? [] : [...(node.tag === tag ? [node] : []), ...all(node.children, tag)],
  );
}

/** The text within. */
export function textOf(nodes: readonly (Drawn | string)[]): string {
  return nodes.map((node) => (typeof node === "string" ? node : textOf(node.children))).join("");
}

/** Every attribute of every element. */
export function attributes(nodes: readonly (Drawn | string)[]): string[] {
  return nodes.flatMap((node) =>
    typeof node === "string"
      ? []
      : [...Object.keys(node.props).map((name) => `${node.tag} ${name}`), ...attributes(node.children)],
  );
}
