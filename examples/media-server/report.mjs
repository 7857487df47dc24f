// @ts-check
// The table at the end.

/** @typedef {import('./result.mjs').Figures} Figures */

const COLUMN = 15;
const LABEL = 34;

/** @typedef {(text: string) => string} Paint */
/** @typedef {{ bold: Paint, dim: Paint, green: Paint, red: Paint, cyan: Paint }} Style */

/** @param {boolean} colours @returns {Style} */
export function style(colours) {
  /** @param {number} on @param {number} off @returns {Paint} */
  const paint = (on, off) => (text) => (colours ? `\x1b[${on}m${text}\x1b[${off}m` : text);
  return { bold: paint(1, 22), dim: paint(2, 22), green: paint(32, 39), red: paint(31, 39), cyan: paint(36, 39) };
}

/** @type {Array<[string, (run: Figures, none: Figures) => string] | undefined>} rows; `undefined` = a line between groups */
const ROWS = [
  ['requests / s', (run) => decimal(run.requestsPerSecond)],
  ['  times no cache', (run, none) => `${(run.requestsPerSecond / none.requestsPerSecond).toFixed(1)} ×`],
  ['latency p50', (run) => milliseconds(run.p50)],
  ['latency p99', (run) => milliseconds(run.p99)],
  undefined,
  ['requests', (run) => whole(run.requests)],
  ['hit rate', ({ cache }) => (cache ? `${(cache.hitRate * 100).toFixed(1)} %` : '')],
  ['misses', ({ cache }) => (cache ? whole(cache.misses) : '')],
  ['  waited for a decode under way', ({ cache }) => (cache ? whole(cache.joined) : '')],
  ['decodes', (run) => whole(run.decodes)],
  ['  of one image at the same time', ({ cache }) => (cache ? whole(cache.overlapping) : '')],
  ['  kept out, for want of room', ({ cache }) => (cache ? whole(cache.rejected) : '')],
  ['evictions', ({ cache }) => (cache ? whole(cache.evictions) : '')],
  undefined,
  ['cores busy with the server', (run) => run.cores.toFixed(1)],
  ['  with other programs', (run) => run.otherCores.toFixed(1)],
  undefined,
  ['budget', ({ cache }) => (cache ? mebibytes(cache.maxBytes) : '')],
  ['held', ({ cache }) => (cache ? mebibytes(cache.bytes) : '')],
  ['resident set (RSS) of the server', (run) => mebibytes(run.rss)],
  ['  at its peak', (run) => mebibytes(run.peakRss)],
  undefined,
  ['event loop late, p99: timer gaps', (run) => milliseconds(run.loop.timed.p99)],
  ['  p99: monitorEventLoopDelay', (run) => milliseconds(run.loop.monitored.p99)],
  ['  longest', (run) => milliseconds(Math.max(run.loop.timed.max, run.loop.monitored.max))],
];

/**
 * @param {Figures[]} runs the first is the one without the cache
 * @param {Style} paint
 */
export function table(runs, paint) {
  const width = LABEL + COLUMN * runs.length;
  const rule = paint.dim(`  ${'─'.repeat(width)}`);
  const lines = ROWS.map((row) => {
    if (!row) return rule;
    const [label, cell] = row;
    const cells = runs.map((run) => cell(run, runs[0]).padStart(COLUMN));
    const line = `  ${label.padEnd(LABEL)}${cells.join('')}`;
    return label.startsWith('requests / s') ? paint.bold(line) : label.startsWith('  ') ? paint.dim(line) : line;
  });
  const head = `  ${' '.repeat(LABEL)}${runs.map((run) => run.title.padStart(COLUMN)).join('')}`;
  return [paint.cyan(head), rule, ...lines, rule].join('\n');
}

/**
 * @param {import('./result.mjs').Check[]} list
 * @param {Style} paint
 */
export function checklist(list, paint) {
  return list.map(({ ok, text }) => `  ${ok ? paint.green('✔') : paint.red('✘')} ${text}`).join('\n');
}

/** @param {number} value */
const whole = (value) => value.toLocaleString('en');
/** @param {number} value */
const decimal = (value) => (value >= 100 ? whole(Math.round(value)) : value.toFixed(1));
/** @param {number} value */
const milliseconds = (value) => `${decimal(value)} ms`;
/** @param {number} bytes */
export const mebibytes = (bytes) => `${decimal(bytes / 2 ** 20)} MiB`;
