import { textWidth } from "../terminal/text-width.js";

/** A column of a table: its title, and on which side its cells stand. */
export interface TextColumn {
  title: string;
  align?: "left" | "right";
}

/** Rows in columns, two spaces apart, under their titles. */
export function textTable(columns: readonly TextColumn[], rows: readonly (readonly string[])[]): string {
  const lines = [columns.map(({ title }) => title), ...rows];
  const widths = columns.map((_, index) => Math.max(...lines.map((line) => textWidth(line[index] ?? ""))));
  const cell = (text: string, index: number) => {
    const padding = " ".repeat((widths[index] ?? 0) - textWidth(text));
    return columns[index]?.align === "right" ? padding + text : text + padding;
  };
  return lines.map((line) => line.map(cell).join("  ").trimEnd()).join("\n");
}
