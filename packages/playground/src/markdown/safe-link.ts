const allowed: ReadonlySet<string> = new Set(["http:", "https:", "mailto:"]);

/** The address that a model's link may lead to; nothing for one that would run something, or that means this page. */
export function safeLink(href: string): string | undefined {
  return URL.canParse(href) && allowed.has(new URL(href).protocol) ? href : undefined;
}
