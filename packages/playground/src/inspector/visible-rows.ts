/** Rows that are drawn beyond what is seen, on either side. */
const beyond = 12;

/** Which rows of a long list are drawn: those that are seen, and some around them. */
export function visibleRows(list: { scrollTop: number; height: number; rowHeight: number; count: number }): {
  from: number;
  to: number;
} {
  const { scrollTop, height, rowHeight, count } = list;
  const first = Math.floor(scrollTop / rowHeight);
  const seen = Math.ceil(height / rowHeight);
  const from = Math.max(0, Math.min(first - beyond, count));
  return { from, to: Math.min(count, first + seen + beyond) };
}

/** Where a list must be scrolled to for a row to be seen; where it is, if it is seen there. */
export function scrollTo(row: number, list: { scrollTop: number; height: number; rowHeight: number }): number {
  const { scrollTop, height, rowHeight } = list;
  const top = row * rowHeight;
  if (top < scrollTop) return top;
  return top + rowHeight > scrollTop + height ? top + rowHeight - height : scrollTop;
}
