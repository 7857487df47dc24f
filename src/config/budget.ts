/**
 * # Who gets how much
 *
 *   whole budget (`maxBytes`)            '50%': of the memory that the process may use
 *   ├─ a cache with a `share`            that fraction of the whole
 *   ├─ a cache with `maxBytes`           those bytes, or that percentage of the memory, out of the whole
 *   └─ the rest                          nobody's
 *
 * A share is of the whole, not of what fixed budgets leave: it says what it is without a look at its neighbours, and a
 * cache that is added never shrinks another one. What does not fit is a mistake.
 *
 * The heap ends earlier than the memory. So percentages of a `local` cache are of the lesser of the two, and what local
 * caches have of a whole that is a percentage is, all together, at most that percentage of V8's heap limit.
 */
import { formatBytes, parseBytes, percentageOf } from '../common/bytes.js';
import { describe } from '../common/error.js';
import { usableHeap, usableMemory } from '../common/memory.js';
import { nearest } from '../common/nearest.js';
import { complaintOf, type Mistake } from './mistake.js';
import { isRecord } from './options.js';

/** Sums of fractions such as 0.7 + 0.2 + 0.1 are not exact. */
const ROUNDING = 1e-9;

export interface Division {
  /** Bytes of each cache whose budget is known, by name. */
  budgets: Map<string, number>;
  mistakes: Mistake[];
}

interface Claim {
  name: string;
  isLocal: boolean;
  share: number | undefined;
  /** Its bytes; of a share only when the whole is known. */
  bytes: number | undefined;
}

/** The budgets of a configuration, and what is wrong with them. What is no budget at all is left to others to tell. */
export function divide(config: unknown): Division {
  if (!isRecord(config) || !isRecord(config['caches'])) return { budgets: new Map(), mistakes: [] };
  const { maxBytes, caches } = config;
  const total = bytesOf(maxBytes, usableMemory);
  const definitions = Object.entries(caches).filter((entry): entry is [string, Record<string, unknown>] =>
    isRecord(entry[1]),
  );
  const claims = definitions.map(([name, definition]) => claimOf(name, definition, total));
  const mistakes = [
    ...definitions.flatMap(([name, definition]) => unclear(name, definition)),
    ...withoutWhole(claims, config),
    ...(overHeap(definitions) ?? overShares(claims) ?? overTotal(claims, total)),
  ];
  const percentage = percentageOf(maxBytes);
  if (percentage !== undefined) boundByHeap(claims, Math.floor((usableHeap() * percentage) / 100));
  const known = claims.flatMap(({ name, bytes }) => (bytes === undefined ? [] : [[name, bytes] as const]));
  return { budgets: new Map(known), mistakes };
}

function claimOf(name: string, definition: Record<string, unknown>, total: number | undefined): Claim {
  const isLocal = definition['kind'] === 'local';
  const share = shareOf(definition['share']);
  if (share === undefined) {
    return { name, isLocal, share, bytes: bytesOf(definition['maxBytes'], isLocal ? usableHeap : usableMemory) };
  }
  return { name, isLocal, share, bytes: total === undefined ? undefined : Math.max(1, Math.floor(share * total)) };
}

/** Local caches with shares are made smaller, all by the same factor, until they fit. */
function boundByHeap(claims: Claim[], limit: number): void {
  const shared = claims.filter(({ isLocal, share }) => isLocal && share !== undefined);
  const wanted = sum(shared.map(({ bytes }) => bytes ?? 0));
  if (wanted <= limit) return;
  for (const claim of shared) claim.bytes = Math.max(1, Math.floor(((claim.bytes ?? 0) * limit) / wanted));
}

function unclear(name: string, definition: Record<string, unknown>): Mistake[] {
  const { share, maxBytes } = definition;
  if ((share === undefined) !== (maxBytes === undefined)) return [];
  if (share === undefined && isMisspelt(definition, ['share', 'maxBytes'])) return [];
  const got = share === undefined ? 'neither' : `both: share ${describe(share)}, maxBytes ${describe(maxBytes)}`;
  return [{ keys: ['caches', name], message: `expected a budget: share or maxBytes; got ${got}` }];
}

function withoutWhole(claims: readonly Claim[], config: Record<string, unknown>): Mistake[] {
  const sharing = claims.filter(({ share }) => share !== undefined).map(({ name }) => `'${name}'`);
  if (config['maxBytes'] !== undefined || sharing.length === 0 || isMisspelt(config, ['maxBytes'])) return [];
  const has = sharing.length === 1 ? 'has a share' : 'have shares';
  return [
    { keys: ['maxBytes'], message: `expected the whole budget, of which ${sharing.join(', ')} ${has}; got undefined` },
  ];
}

/** Whether something was written that is likely to be meant for one of these: it is a mistake already. */
function isMisspelt(owner: Record<string, unknown>, names: readonly string[]): boolean {
  return Object.keys(owner).some((key) => nearest(key, names) !== undefined);
}

function overHeap(definitions: readonly [string, Record<string, unknown>][]): Mistake[] | undefined {
  const own = definitions.filter(([, { kind, share }]) => kind === 'local' && share === undefined);
  const claimed = own
    .map(([name, { maxBytes }]) => ({ name, percentage: percentageOf(maxBytes) ?? 0 }))
    .filter(({ percentage }) => percentage <= 100);
  const percentage = sum(claimed.map((claim) => claim.percentage));
  if (percentage <= 100 + ROUNDING) return undefined;
  const list = claimed.filter((claim) => claim.percentage > 0).map((claim) => `${claim.name} ${claim.percentage}%`);
  return [
    {
      keys: ['caches'],
      message: `expected local caches of at most 100% together; got ${round(percentage)}% (${list.join(', ')})`,
    },
  ];
}

function overShares(claims: readonly Claim[]): Mistake[] | undefined {
  const shares = sum(claims.map(({ share }) => share ?? 0));
  if (shares <= 1 + ROUNDING) return undefined;
  const list = claims.filter(({ share }) => share !== undefined).map(({ name, share }) => `${name} ${share}`);
  return [
    {
      keys: ['caches'],
      message: `expected shares that sum up to at most 1; got ${round(shares)} (${list.join(', ')})`,
    },
  ];
}

function overTotal(claims: readonly Claim[], total: number | undefined): Mistake[] {
  const wanted = sum(claims.map(({ bytes }) => bytes ?? 0));
  if (total === undefined || wanted <= total * (1 + ROUNDING)) return [];
  const list = claims.flatMap(({ name, bytes }) => (bytes === undefined ? [] : `${name} ${formatBytes(bytes)}`));
  const message = `expected budgets within maxBytes, which is ${formatBytes(total)}; got ${formatBytes(wanted)} (${list.join(', ')})`;
  return [{ keys: ['caches'], message }];
}

function shareOf(value: unknown): number | undefined {
  return typeof value === 'number' && value > 0 && value <= 1 ? value : undefined;
}

function bytesOf(value: unknown, memory: () => number): number | undefined {
  let bytes: number | undefined;
  complaintOf(() => {
    bytes = parseBytes(value, 'maxBytes', memory);
  });
  return bytes;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

function round(number: number): number {
  return Number(number.toPrecision(6));
}
