/** Groups of bars over one scale. */
export interface BarChart {
  readonly title: string;
  readonly groups: readonly BarGroup[];
}

interface BarGroup {
  /** Lines below the bars. */
  readonly labels: readonly string[];
  readonly bars: readonly { readonly series: string; readonly value: number }[];
  /** A line across the group: what cannot be passed. */
  readonly limit?: number;
}

const COLOURS = ["#d9480f", "#4c6ef5", "#868e96", "#2b8a3e", "#ae3ec9"];
const LIMIT = "#212529";
const WIDTH = 500;
const HEIGHT = 260;
const MARGIN = { top: 34, right: 12, bottom: 42, left: 44 };
const PLOT = { width: WIDTH - MARGIN.left - MARGIN.right, height: HEIGHT - MARGIN.top - MARGIN.bottom };
const COLUMNS = 2;
const LEGEND = 34;

const escaped = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

const text = (x: number, y: number, content: string, attributes = ""): string =>
  `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${attributes}>${escaped(content)}</text>`;

/** 1, 2 or 5 times a power of ten, about a quarter of `highest`. */
function step(highest: number): number {
  const power = 10 ** Math.floor(Math.log10(highest / 4));
  return [1, 2, 5, 10].map((factor) => factor * power).find((size) => highest / size <= 5) ?? highest;
}

function draw({ title, groups }: BarChart, colourOf: (series: string) => string): string {
  const highest = Math.max(...groups.flatMap(({ bars, limit }) => [...bars.map(({ value }) => value), limit ?? 0]));
  const y = (value: number) => MARGIN.top + PLOT.height * (1 - value / highest);
  const parts = [text(MARGIN.left, 20, title, 'font-weight="bold" font-size="13"')];
  for (let value = 0; value <= highest; value += step(highest)) {
    parts.push(`<path d="M${MARGIN.left} ${y(value).toFixed(1)}h${PLOT.width}" stroke="#dee2e6"/>`);
    parts.push(text(MARGIN.left - 6, y(value) + 4, String(Number(value.toPrecision(3))), 'text-anchor="end"'));
  }
  const groupWidth = PLOT.width / groups.length;
  groups.forEach(({ labels, bars, limit }, index) => {
    const left = MARGIN.left + index * groupWidth;
    const barWidth = (0.8 * groupWidth) / bars.length;
    bars.forEach(({ series, value }, bar) => {
      const x = left + 0.1 * groupWidth + bar * barWidth;
      const height = MARGIN.top + PLOT.height - y(value);
      parts.push(
        `<rect x="${x.toFixed(1)}" y="${y(value).toFixed(1)}" width="${(barWidth - 1).toFixed(1)}" height="${height.toFixed(1)}" fill="${colourOf(series)}"><title>${escaped(`${series}: ${value.toPrecision(3)}`)}</title></rect>`,
      );
    });
    if (limit !== undefined)
      parts.push(
        `<path d="M${(left + 0.05 * groupWidth).toFixed(1)} ${y(limit).toFixed(1)}h${(0.9 * groupWidth).toFixed(1)}" stroke="${LIMIT}" stroke-width="1.5" stroke-dasharray="3 2"/>`,
      );
    labels.forEach((label, line) =>
      parts.push(text(left + groupWidth / 2, HEIGHT - MARGIN.bottom + 15 + 14 * line, label, 'text-anchor="middle"')),
    );
  });
  return parts.join("\n");
}

/** The charts side by side under one legend, as an SVG document. */
export function drawCharts(charts: readonly BarChart[], limitName: string): string {
  const bars = charts.flatMap(({ groups }) => groups.flatMap((group) => group.bars));
  const series = [...new Set(bars.map((bar) => bar.series))];
  const colourOf = (name: string) => COLOURS[series.indexOf(name) % COLOURS.length] ?? LIMIT;
  const hasLimits = charts.some(({ groups }) => groups.some(({ limit }) => limit !== undefined));
  const width = WIDTH * Math.min(COLUMNS, charts.length);
  const height = LEGEND + HEIGHT * Math.ceil(charts.length / COLUMNS);
  let x = MARGIN.left;
  const legend = [...series, ...(hasLimits ? [limitName] : [])].map((name) => {
    const mark = series.includes(name)
      ? `<rect x="${x}" y="12" width="11" height="11" fill="${colourOf(name)}"/>`
      : `<path d="M${x} 18h14" stroke="${LIMIT}" stroke-width="1.5" stroke-dasharray="3 2"/>`;
    const entry = mark + text(x + 17, 22, name);
    x += 34 + 6.4 * name.length;
    return entry;
  });
  const bodies = charts.map((chart, index) => {
    const place = [WIDTH * (index % COLUMNS), LEGEND + HEIGHT * Math.floor(index / COLUMNS)];
    return `<g transform="translate(${place.join(" ")})">\n${draw(chart, colourOf)}\n</g>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="sans-serif" font-size="11" fill="#212529">
<rect width="${width}" height="${height}" fill="#fff"/>
${[...legend, ...bodies].join("\n")}
</svg>
`;
}
