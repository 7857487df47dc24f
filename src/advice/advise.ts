import { hashNumber } from '../common/hash.js';
import type { Policy } from '../policy/policy.js';
import type { Advice } from '../stats/advice.js';
import { grownCapacity, grownFloat64 } from '../struct/grow.js';
import { IdTable } from '../struct/id-table.js';
import { isAboutBefore, kindOf, numberOf, RECORD, sizeOf } from './record.js';
import type { LogView } from './request-log.js';
import { SimulatedCache } from './simulated-cache.js';

/** The shares of the present budget that advice is given on. */
const FACTORS = [0.5, 1, 2, 4] as const;

/** What does not depend on the budget. */
export interface Workings {
  readonly maxEntries: number;
  readonly newPolicy: () => Policy;
  /** What a miss costs that is not told otherwise. */
  readonly usualCost: (size: number) => number;
}

/** The cache that advice is sought for. */
export interface Advised extends Workings {
  readonly maxBytes: number;
  /** As they have been. */
  readonly hitRate: number;
  readonly byteHitRate: number;
}

/** One simulated cache, and what it has missed. */
interface Miniature {
  readonly cache: SimulatedCache;
  /** What would not fit into a whole cache of that budget. What fits there and not here counts as one that fits here. */
  readonly maxSize: number;
  misses: number;
  missedBytes: number;
}

/**
 * What half, twice and four times the budget would give.
 *
 * O(records): 10 to 100 ms, up to 300 for a log that is full, and up to twice that under `auto`.
 */
export function advise(view: LogView, advised: Advised): Advice[] {
  const budgets = FACTORS.map((factor) => Math.max(1, Math.floor(factor * advised.maxBytes)));
  return estimateRates(view, advised, budgets).map((rates, i) => Object.freeze({ factor: FACTORS[i]!, ...rates }));
}

/**
 * The hit rates under other budgets: the requests of the sampled keys are replayed through small caches of the same policy,
 * each with the sampled share of its budget (miniature simulation: Waldspurger et al., ATC 2017). The misses under the
 * present budget are known, so those of the sample only tell how many times as many there would be: what a sample has by
 * chance it has under every budget. O(records × budgets).
 */
export function estimateRates(view: LogView, advised: Advised, budgets: readonly number[]): Omit<Advice, 'factor'>[] {
  const { maxBytes, hitRate, byteHitRate } = advised;
  const { miniatures, requests, bytes } = simulate(view, advised, [maxBytes, ...budgets]);
  const present = miniatures[0]!;
  return budgets.map((budget, i) => {
    const { misses, missedBytes } = miniatures[i + 1]!;
    return {
      maxBytes: budget,
      hitRate: rateOf(hitRate, { misses, present: present.misses, all: requests }),
      byteHitRate: rateOf(byteHitRate, { misses: missedBytes, present: present.missedBytes, all: bytes }),
    };
  });
}

/** The hit rate with so many misses, when it is known with those of the present budget. */
function rateOf(known: number, { misses, present, all }: { misses: number; present: number; all: number }): number {
  if (misses === present) return known;
  const missRate = present > 0 ? ((1 - known) * misses) / present : 1 - known + misses / all;
  return Math.min(1, Math.max(0, 1 - missRate));
}

/** Replays a log through one small cache for each budget. Equal budgets share one. */
function simulate(
  { words, rate }: LogView,
  { maxEntries, newPolicy, usualCost }: Workings,
  budgets: readonly number[],
) {
  const byBudget = new Map(
    budgets.map((budget): [number, Miniature] => {
      const cache = new SimulatedCache(newPolicy(), Math.max(1, budget * rate), Math.max(1, maxEntries * rate));
      return [budget, { cache, maxSize: budget, misses: 0, missedBytes: 0 }];
    }),
  );
  const miniatures = [...byBudget.values()];
  const ids = new IdTable();
  let sizes: Float64Array = new Float64Array(1024);
  let deadlines: Float64Array = new Float64Array(1024);
  const spread = spreadOver(rate);
  let requests = 0;
  let bytes = 0;
  let now = 0;
  for (let at = 0; at < words.length; at += 2) {
    const kind = kindOf(words[at + 1]!);
    if (kind === RECORD.time) now = numberOf(words[at]!);
    if (kind === RECORD.clear) for (const { cache } of miniatures) cache.clear();
    if (kind > RECORD.remove) continue;
    const hash = spread(words[at]!);
    const id = ids.idOf(words[at]!, 0);
    if (id >= sizes.length) {
      const capacity = grownCapacity(sizes.length, id + 1);
      sizes = grownFloat64(sizes, capacity);
      deadlines = grownFloat64(deadlines, capacity);
    }
    const size = Math.max(0, sizeOf(words[at + 1]!));
    let cost = usualCost(size);
    let deadline = deadlines[id]!;
    for (; at + 3 < words.length && isAboutBefore(words[at + 3]!); at += 2) {
      if (kindOf(words[at + 3]!) === RECORD.cost) cost = numberOf(words[at + 2]!);
      else deadline = numberOf(words[at + 2]!);
    }
    if (kind === RECORD.miss || kind === RECORD.request) requests++;
    if (kind === RECORD.miss) bytes += sizes[id]!;
    else if (kind === RECORD.request) bytes += size;
    const hasDied = deadlines[id]! > 0 && deadlines[id]! <= now;
    for (const miniature of miniatures) {
      const { cache } = miniature;
      if (hasDied) cache.remove(id);
      const charged = size <= miniature.maxSize ? Math.min(size, cache.maxBytes) : size;
      if (kind === RECORD.request) {
        if (cache.request(id, charged, cost, hash)) continue;
        miniature.misses++;
        miniature.missedBytes += size;
      } else if (kind === RECORD.write) {
        cache.write(id, charged, cost, hash);
      } else {
        if (kind === RECORD.remove) cache.remove(id);
        if (kind === RECORD.remove || cache.read(id)) continue;
        miniature.misses++;
        miniature.missedBytes += sizes[id]!;
      }
    }
    if (kind === RECORD.request || kind === RECORD.write) {
      sizes[id] = size;
      deadlines[id] = deadline;
    }
  }
  return { miniatures: budgets.map((budget) => byBudget.get(budget)!), requests, bytes };
}

/**
 * The hashes of the sample are the lowest. Spread over all numbers again they are to a policy what those of all keys are to
 * the cache: one that looks at a sample of its own looks at the same keys. When all keys are followed they stay as they are.
 */
function spreadOver(rate: number): (hash: number) => number {
  const times = 2 ** Math.round(-Math.log2(rate));
  if (times === 1) return (hash) => hash;
  return (hash) => (Math.imul(hash, times) | (hashNumber(hash, 0) & (times - 1))) >>> 0;
}
