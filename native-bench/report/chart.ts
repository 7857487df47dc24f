/**
 * Bar charts as SVG by hand: small, without scripts or fonts, readable on light and dark pages.
 */

import { compact } from './format.js';

export interface Bar {
  label: string;
  value: number;
  /** The interval, drawn as a whisker. */
  low: number;
  high: number;
  ours: boolean;
}

export interface Chart {
  title: string;
  /** After each number: '/s', ' MiB'. */
  unit: string;
  bars: readonly Bar[];
  /** A decade is as wide as the next: for what differs by orders of magnitude. */
  logarithmic?: boolean;
}

const BARS = 400;
const NUMBER = 90;
// A character of the longest label is at most so wide, on average, at 13 pixels.
const CHARACTER = 7;
const ROW = 24;
const TOP = 40;
const BAR = 14;

const STYLE = `
  text { font: 13px system-ui, sans-serif; fill: #1f2328; }
  .title { font-weight: 600; font-size: 14px; }
  .label, .number { dominant-baseline: central; }
  .label { text-anchor: end; }
  .bar { fill: #8c959f; } .ours { fill: #0969da; }
  .whisker { stroke: #1f2328; stroke-width: 1.2; opacity: .65; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; } .bar { fill: #6e7681; } .ours { fill: #4493f8; } .whisker { stroke: #e6edf3; }
  }`;

/** The chart as a document. The longest bar takes the whole width; a bar shorter than a pixel is drawn as one. */
export function renderChart({ title, unit, bars, logarithmic = false }: Chart): string {
  const height = TOP + bars.length * ROW + 8;
  const widthOf = scale(bars, logarithmic);
  const left = Math.max(...bars.map(({ label }) => label.length)) * CHARACTER + 16;
  const rows = bars.map((bar, row) => renderBar(bar, left, TOP + row * ROW + ROW / 2, unit, widthOf));
  const note = logarithmic ? ' (logarithmic)' : '';
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${left + BARS + NUMBER} ${height}" role="img" aria-label="${escapeText(title)}">
<style>${STYLE}
</style>
<text class="title" x="8" y="20">${escapeText(title + note)}</text>
${rows.join('\n')}
</svg>
`;
}

function scale(bars: readonly Bar[], logarithmic: boolean): (value: number) => number {
  const longest = Math.max(...bars.map(({ high }) => high));
  if (!logarithmic) return (value) => Math.max(1, (value / longest) * BARS);
  // A whole decade below the shortest bar, so that it has a length too.
  const least = 10 ** (Math.ceil(Math.log10(Math.min(...bars.map(({ low }) => low)))) - 1);
  const decades = Math.log10(longest / least);
  return (value) => Math.max(1, (Math.log10(value / least) / decades) * BARS);
}

function renderBar(bar: Bar, left: number, middle: number, unit: string, widthOf: (value: number) => number): string {
  const end = left + widthOf(bar.value);
  const low = left + widthOf(bar.low);
  const high = left + widthOf(bar.high);
  const number = `${compact(bar.value)}${unit}`;
  return [
    `<text class="label" x="${left - 8}" y="${middle}">${escapeText(bar.label)}</text>`,
    `<rect class="bar${bar.ours ? ' ours' : ''}" x="${left}" y="${middle - BAR / 2}" width="${fixed(end - left)}" height="${BAR}" rx="2"/>`,
    `<path class="whisker" d="M${fixed(low)} ${middle}H${fixed(high)}M${fixed(low)} ${middle - 3}v6M${fixed(high)} ${middle - 3}v6"/>`,
    `<text class="number" x="${fixed(Math.max(end, high) + 6)}" y="${middle}">${escapeText(number)}</text>`,
  ].join('');
}

function fixed(value: number): string {
  return value.toFixed(1);
}

function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
