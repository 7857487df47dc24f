/**
 * The chapter on alternating pairs.
 */

import type { ScenarioResult } from '../harness/scenario.js';
import { verdict } from '../harness/statistics.js';
import { PAIRS, pairGroup } from '../scenarios/pairs.js';
import { groupsOf, ratioOf } from './compare.js';
import { table, times } from './format.js';
import { WORKS } from './heap.js';
import type { Goal, Section } from './section.js';

/** What is asked of a pair at a load. */
const ASKED: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  'cachalot lru beside lru-cache maxSize': {
    'hit.known': 1.25,
    'hit.fresh': 1.25,
    mixed: 1.7,
    update: 1.3,
    'set.evicting': 1.3,
  },
  'cachalot lru + ttl beside lru-cache maxSize + ttl': { 'hit.known': 1.5, 'hit.fresh': 1.5, mixed: 1.5 },
  'cachalot lru beside mnemonist LRUMap': { mixed: 1 },
  'cachalot auto beside cachalot lru': {
    'hit.known': 0.9,
    'hit.fresh': 0.9,
    mixed: 0.9,
    update: 0.9,
    'set.evicting': 0.9,
  },
};

const WORDS = { win: 'faster', loss: '**slower**', tie: 'tie' } as const;

export function pairsSection(result: ScenarioResult): Section {
  const found = groupsOf(result).flatMap((group) =>
    PAIRS.flatMap(({ ours, other }) => {
      const size = group.slice(0, group.indexOf(':'));
      if (group !== pairGroup(ours, other, size)) return [];
      return WORKS.flatMap(([metric, work]) => {
        const ratio = ratioOf(result, group, [ours, metric], [other, metric]);
        return ratio ? [{ size, pair: `${ours} beside ${other}`, metric, work, ratio }] : [];
      });
    }),
  );
  const rows = found.map(({ size, pair, work, ratio }) => [pair, size, work, times(ratio), WORDS[verdict(ratio)]]);
  return {
    title: 'Pair by pair',
    text: [
      `Two fresh processes right after each other, by turns the one and the other first, ${result.rounds} times; the ratio is taken within a pair. A difference below its interval is a tie. Loads and keys as in`,
      'the chapter on values in one thread, by the number of entries there is room for.',
      '',
      table(['pair', 'entries', 'load', 'beside it', ''], rows),
    ].join('\n'),
    charts: [],
    goals: found.flatMap(({ size, pair, metric, work, ratio }): Goal[] => {
      const atLeast = ASKED[pair]?.[metric];
      return atLeast === undefined
        ? []
        : [
            {
              text: `\`${pair.replace(' beside ', '` beside `')}\`, ${size}: ${work}`,
              found: ratio,
              atLeast,
              unit: '×',
            },
          ];
    }),
    comparisons: found
      .filter(({ pair }) => !pair.endsWith('cachalot lru'))
      .map(({ size, pair, work, ratio }) => {
        const [ours = '', peer = ''] = pair.split(' beside ');
        return { work: `${work}, ${size} (${ours})`, peer, ratio };
      }),
  };
}
