/**
 * Tables of what other policies reach: miss ratios from a cold start at shares of the footprint.
 */

import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { basename } from 'node:path';

const COLUMNS = ['trace', 'cache_fraction', 'policy', 'request_miss_ratio', 'byte_miss_ratio'] as const;
type Row = Record<(typeof COLUMNS)[number], string>;

/** They see the future: bounds, not competitors. */
const OFFLINE = /^belady/;

/** The best online policy of a cell. */
export interface Best {
  trace: string;
  /** The budget as a share of the footprint. */
  share: number;
  by: 'requests' | 'bytes';
  policy: string;
  missRatio: number;
}

/** Whether a file is such a table, by its header. */
export function isReference(path: string): boolean {
  const file = openSync(path, 'r');
  try {
    const head = Buffer.alloc(512);
    const [first = ''] = head.toString('utf8', 0, readSync(file, head)).split(/\r?\n/);
    const names = first.split(',');
    return COLUMNS.every((name) => names.includes(name));
  } finally {
    closeSync(file);
  }
}

/** The least miss ratio of any online policy in each cell, by requests and by bytes. */
export function bestOnline(text: string, name: string): Best[] {
  const [header = '', ...lines] = text.trim().split(/\r?\n/);
  const names = header.split(',');
  const best = new Map<string, Best>();
  for (const [index, line] of lines.entries()) {
    const fields = line.split(',');
    const row = Object.fromEntries(names.map((column, at) => [column, fields[at] ?? ''])) as Row;
    if (OFFLINE.test(row.policy)) continue;
    for (const by of ['requests', 'bytes'] as const) {
      const found = by === 'requests' ? row.request_miss_ratio : row.byte_miss_ratio;
      // A policy that cannot be run on a trace has none.
      if (found === '' || found === 'NA') continue;
      const missRatio = numberOf(found, name, index + 2);
      const share = numberOf(row.cache_fraction, name, index + 2);
      const cell = `${row.trace} ${share} ${by}`;
      if (missRatio >= (best.get(cell)?.missRatio ?? Number.POSITIVE_INFINITY)) continue;
      best.set(cell, { trace: row.trace, share, by, policy: row.policy, missRatio });
    }
  }
  return [...best.values()];
}

export function readReferences(paths: readonly string[]): Best[] {
  return paths.flatMap((path) => bestOnline(readFileSync(path, 'utf8'), basename(path)));
}

function numberOf(text: string, name: string, line: number): number {
  const value = Number(text);
  if (value >= 0 && value <= 1) return value;
  throw new TypeError(`${name}: line ${line}: expected a number from 0 to 1; got '${text}'`);
}
