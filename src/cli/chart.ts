import { formatBytes } from '../common/bytes.js';
import type { Cell, Simulated } from './replays.js';

/** Told apart also by those who see few colours, and readable on light and on dark. */
const COLORS = ['#0a84c6', '#e0662f', '#1a9e77', '#b65fc4', '#b8860b', '#d6456b', '#6c7ad9'];
/** One for each cost. */
const DASHES = ['', '6 4', '2 3', '8 3 2 3'];

const WIDTH = 400;
const HEIGHT = 260;
const GAP = 36;
const MARGIN = 28;
const LEFT = 46;
const BOTTOM = 40;
const TOP = 26;
const TITLE = 30;
const LEGEND_ROW = 20;

/** How the line of a policy and cost looks. */
type Pen = (cell: Pick<Cell, 'policy' | 'cost'>) => { color: string; dash: string };

interface Measure {
  readonly title: string;
  ratio(cell: Cell): number;
}

const MEASURES: readonly Measure[] = [
  { title: 'requests missed', ratio: ({ totals }) => totals.misses / (totals.requests || 1) },
  { title: 'bytes missed', ratio: ({ totals }) => totals.missedBytes / (totals.bytes || 1) },
];

/** Miss ratio against budget: a row of charts for each trace, a line for each policy and cost. */
export function drawCharts(traces: readonly Simulated[]): string {
  const cells = traces.flatMap((trace) => trace.cells);
  const policies = [...new Set(cells.map((cell) => cell.policy))];
  const costs = [...new Set(cells.map((cell) => cell.cost))];
  const pen: Pen = (cell) => ({
    color: COLORS[policies.indexOf(cell.policy) % COLORS.length]!,
    dash: DASHES[costs.indexOf(cell.cost) % DASHES.length]!,
  });
  const width = 2 * MARGIN + MEASURES.length * WIDTH + (MEASURES.length - 1) * GAP;
  const rowHeight = TITLE + HEIGHT + GAP;
  const legend = policies.flatMap((policy) => costs.map((cost) => ({ policy, cost })));
  const perRow = Math.max(1, Math.floor((width - 2 * MARGIN) / 150));
  const legendHeight = Math.ceil(legend.length / perRow) * LEGEND_ROW + 8;
  const height = MARGIN + legendHeight + traces.length * rowHeight;
  const keys = legend.map(({ policy, cost }, i) => {
    const x = MARGIN + (i % perRow) * 150;
    const y = MARGIN + Math.floor(i / perRow) * LEGEND_ROW;
    const name = costs.length > 1 ? `${policy}, ${cost}` : policy;
    return `<path class="line" d="M${x} ${y - 4}h26" ${strokeOf(pen({ policy, cost }))}/><text x="${x + 33}" y="${y}">${name}</text>`;
  });
  const charts = traces.flatMap((trace, row) => {
    const y = MARGIN + legendHeight + row * rowHeight;
    const title = `<text class="title" x="${MARGIN}" y="${y + 14}">${escaped(trace.name)}</text>`;
    return [
      title,
      ...MEASURES.map((measure, i) => drawChart(trace, measure, MARGIN + i * (WIDTH + GAP), y + TITLE, pen)),
    ];
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="Miss ratio against budget">
<style>
text { font: 12px system-ui, "DejaVu Sans", sans-serif; fill: #6e7781; }
.tick { font-size: 11px; }
.title { font-size: 14px; font-weight: 600; }
.head { font-weight: 600; }
.grid { stroke: #8b949e; stroke-opacity: 0.3; fill: none; }
.line { fill: none; stroke-width: 2; stroke-linejoin: round; }
.dot { stroke: none; }
@media (prefers-color-scheme: dark) { text { fill: #9da7b1; } }
</style>
${[...keys, ...charts].join('\n')}
</svg>
`;
}

function drawChart({ cells }: Simulated, { title, ratio }: Measure, left: number, top: number, pen: Pen): string {
  const budgets = [...new Map(cells.map(({ budget, maxBytes }) => [maxBytes, budget])).entries()].sort(
    ([a], [b]) => a - b,
  );
  const [least, most] = [budgets[0]?.[0] ?? 1, budgets.at(-1)?.[0] ?? 1];
  const ratios = cells.map(ratio);
  const [low, high] = range(Math.min(...ratios), Math.max(...ratios));
  const plotWidth = WIDTH - LEFT - 10;
  const plotHeight = HEIGHT - TOP - BOTTOM;
  const x = (bytes: number) => {
    const share = most > least ? Math.log(bytes / least) / Math.log(most / least) : 0.5;
    return round(left + LEFT + 12 + share * (plotWidth - 24));
  };
  const y = (value: number) => round(top + TOP + ((high - value) / (high - low)) * plotHeight);
  const parts = [`<text class="head" x="${left}" y="${top + 12}">${title}</text>`];
  const step = high - low > 0.5 ? 0.2 : high - low > 0.2 ? 0.1 : 0.05;
  for (let value = low; value <= high + 1e-9; value += step) {
    parts.push(`<path class="grid" d="M${left + LEFT} ${y(value)}h${plotWidth}"/>`);
    parts.push(
      `<text class="tick" x="${left + LEFT - 6}" y="${y(value) + 4}" text-anchor="end">${Math.round(100 * value)} %</text>`,
    );
  }
  // Labels that would lie upon each other are left out.
  let free = Number.NEGATIVE_INFINITY;
  for (const [bytes, budget] of budgets) {
    parts.push(`<path class="grid" d="M${x(bytes)} ${top + TOP}v${plotHeight}"/>`);
    if (x(bytes) < free) continue;
    const lines = budget.percent === undefined ? [formatBytes(bytes)] : [budget.text, formatBytes(bytes)];
    lines.forEach((text, i) => {
      parts.push(
        `<text class="tick" x="${x(bytes)}" y="${top + HEIGHT - BOTTOM + 16 + 14 * i}" text-anchor="middle">${text}</text>`,
      );
    });
    free = x(bytes) + 46;
  }
  for (const line of linesOf(cells)) {
    const points = line.map((cell) => [x(cell.maxBytes), y(ratio(cell))] as const);
    const look = pen(line[0]!);
    parts.push(
      `<polyline class="line" points="${points.map((point) => point.join(',')).join(' ')}" ${strokeOf(look)}/>`,
    );
    for (const [px, py] of points) parts.push(`<circle class="dot" cx="${px}" cy="${py}" r="3" fill="${look.color}"/>`);
  }
  return parts.join('\n');
}

function strokeOf({ color, dash }: ReturnType<Pen>): string {
  return `stroke="${color}"${dash === '' ? '' : ` stroke-dasharray="${dash}"`}`;
}

/** The cells of one policy and cost, by budget. */
function linesOf(cells: readonly Cell[]): Cell[][] {
  const lines = new Map<string, Cell[]>();
  for (const cell of cells) {
    const name = `${cell.policy} ${cell.cost}`;
    lines.set(name, [...(lines.get(name) ?? []), cell]);
  }
  return [...lines.values()].map((line) => line.sort((a, b) => a.maxBytes - b.maxBytes));
}

/** Round bounds around what is shown, no narrower than a tenth. */
function range(least: number, most: number): [number, number] {
  const low = Math.max(0, Math.floor(least * 10) / 10);
  const high = Math.min(1, Math.ceil(most * 10) / 10);
  return high - low >= 0.1 ? [low, high] : low > 0 ? [Math.max(0, high - 0.1), high] : [0, 0.1];
}

function round(value: number): number {
  return Math.round(10 * value) / 10;
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
