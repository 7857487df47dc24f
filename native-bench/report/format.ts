/**
 * Numbers and tables for people.
 */

import type { Estimate } from '../harness/statistics.js';

/** Three digits, with the unit that suits: 12.3 M, 845 k, 61.0. */
export function compact(value: number): string {
  const size = Math.abs(value);
  if (size >= 1e9) return `${digits(value / 1e9)} G`;
  if (size >= 1e6) return `${digits(value / 1e6)} M`;
  if (size >= 1e4) return `${digits(value / 1e3)} k`;
  return digits(value);
}

/** Three significant digits, never in exponents. */
export function digits(value: number): string {
  const size = Math.abs(value);
  if (size === 0) return '0';
  if (size >= 100) return Math.round(value).toLocaleString('en-US').replaceAll(',', ' ');
  if (size >= 10) return value.toFixed(1);
  return value.toFixed(2);
}

export function rate(found: Estimate | undefined): string {
  return found ? `${compact(found.median)}/s` : '–';
}

export function plain(found: Estimate | undefined): string {
  return found ? compact(found.median) : '–';
}

/** `1.42× (1.38–1.47)`: the median and its 95 % interval. */
export function times(found: Estimate | undefined): string {
  return found ? `${compact(found.median)}× (${compact(found.low)}–${compact(found.high)})` : '–';
}

/** A table in Markdown; all columns but the first are aligned to the right. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const rule = header.map((_, column) => (column === 0 ? '---' : '--:'));
  return [line(header), line(rule), ...rows.map(line)].join('\n');
}
