/**
 * The chapter on in-process caches.
 */

import type { ScenarioResult } from '../harness/scenario.js';
import { VALUES } from '../scenarios/heap.js';
import { contendersOf, groupsOf, metricOf, ratioOf } from './compare.js';
import { compact, plain, rate, table } from './format.js';
import type { Comparison, Goal, Section } from './section.js';

const GROUP = VALUES;
export const WORKS: readonly (readonly [metric: string, name: string])[] = [
  ['hit.known', 'hit, known keys'],
  ['hit.fresh', 'hit, fresh keys'],
  ['update', 'update'],
  ['mixed', 'mixed 90/10'],
  ['set.evicting', 'evicting set'],
];
const PAIRS: readonly (readonly [ours: string, peer: string])[] = [
  ['cachalot lru', 'lru-cache maxSize'],
  ['cachalot auto', 'lru-cache maxSize'],
  ['cachalot lru + ttl', 'lru-cache maxSize + ttl'],
];

export function heapSection(result: ScenarioResult): Section {
  const names = contendersOf(result, GROUP);
  const rows = names.map((name) => [
    name,
    ...WORKS.map(([metric]) => (evicts(name) || metric !== 'set.evicting' ? cell(result, name, metric) : '–')),
    percent(result, name),
    plain(metricOf(result, GROUP, name, 'memory.bytesPerEntry')),
  ]);
  return {
    title: 'Values in one thread: `Cache`',
    text: [
      'A hundred thousand keys `user:NNNNNNN`, room for fifty thousand, drawn by Zipf 0.99. *Known* keys are strings that have been hashed before; *fresh* ones',
      'are built for each call, as a server builds them from a request. *Mixed*: nine of ten requests read, and store what they miss. Weights are given to',
      'everybody who takes them (`weigher`, `sizeCalculation`), but for `all defaults`, which estimates each value itself. quick-lru and flru keep up to twice',
      'the entries they are asked for, hence their hit rates; ttlcache does not order by use; `Map` never evicts. keyv runs over quick-lru without',
      'serialization, CacheableMemory and bentocache hand out references. Bytes per entry are those on the heap and in array buffers, key and value excluded.',
      '',
      table(['cache', ...WORKS.map(([, name]) => name), 'hit rate (mixed)', 'B/entry'], rows),
      ...sizes(result),
    ].join('\n'),
    charts: ['hit.fresh', 'mixed', 'set.evicting'].map((metric) => ({
      name: `heap-${metric}`,
      chart: chartOf(result, metric),
    })),
    goals: [...PAIRS.flatMap((pair) => ahead(result, pair)), ...light(result)],
    comparisons: names
      .filter((name) => !name.startsWith('cachalot') && name !== 'Map')
      .flatMap((name) => against(result, name)),
  };
}

/** The same with room for fewer and for more. */
function sizes(result: ScenarioResult): string[] {
  const groups = groupsOf(result).filter((group) => group !== GROUP);
  if (groups.length === 0) return [];
  const rows = groups.flatMap((group) =>
    contendersOf(result, group).map((name) => [
      name,
      group,
      ...WORKS.map(([metric]) => rate(metricOf(result, group, name, metric))),
      plain(metricOf(result, group, name, 'memory.bytesPerEntry')),
    ]),
  );
  return [
    '',
    'With room for fewer entries and for more:',
    '',
    table(['cache', 'entries', ...WORKS.map(([, name]) => name), 'B/entry'], rows),
  ];
}

function cell(result: ScenarioResult, name: string, metric: string): string {
  return rate(metricOf(result, GROUP, name, metric));
}

function percent(result: ScenarioResult, name: string): string {
  const found = metricOf(result, GROUP, name, 'mixed.hitRate');
  return found && evicts(name) ? `${(found.median * 100).toFixed(1)} %` : '–';
}

function evicts(name: string): boolean {
  return name !== 'Map';
}

function chartOf(result: ScenarioResult, metric: string): Section['charts'][number]['chart'] {
  const bars = contendersOf(result, GROUP)
    .filter((name) => evicts(name) || metric !== 'set.evicting')
    .flatMap((name) => {
      const found = metricOf(result, GROUP, name, metric);
      return found
        ? [{ label: name, value: found.median, low: found.low, high: found.high, ours: name.startsWith('cachalot') }]
        : [];
    })
    .sort((left, right) => right.value - left.value);
  const title = WORKS.find(([name]) => name === metric)![1];
  return { title: `In-process: ${title}, operations per second`, unit: '/s', bars };
}

function ahead(result: ScenarioResult, [ours, peer]: readonly [string, string]): Goal[] {
  return WORKS.filter(([metric]) => metric !== 'update').map(([metric, name]) => ({
    text: `\`Cache\` (${ours.slice(9)}) ahead of ${peer}: ${name}`,
    found: ratioOf(result, GROUP, [ours, metric], [peer, metric]),
    atLeast: 1,
    unit: '×',
  }));
}

function light(result: ScenarioResult): Goal[] {
  return ['cachalot lru', 'cachalot auto'].map((name) => ({
    text: `Bytes per small entry, array buffers included (${name.slice(9)}), at most ${compact(100)}`,
    found: metricOf(result, GROUP, name, 'memory.bytesPerEntry'),
    atMost: 100,
    unit: ' B',
  }));
}

function against(result: ScenarioResult, peer: string): Comparison[] {
  const ours = peer.endsWith('ttl') ? 'cachalot lru + ttl' : 'cachalot lru';
  return WORKS.flatMap(([metric, name]) => {
    const ratio = ratioOf(result, GROUP, [ours, metric], [peer, metric]);
    return ratio ? [{ work: `${name} (${ours})`, peer, ratio }] : [];
  });
}
