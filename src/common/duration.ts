import { CacheConfigError, describe } from './error.js';

/** Milliseconds, or a string with a unit: `250`, `'250ms'`, `'30s'`, `'5m'`, `'1h'`, `'7d'`; `Infinity` means never. */
export type Duration = number | string;

const UNIT_MS: Record<string, number> = {
  ms: 1,
  s: 1_000,
  sec: 1_000,
  second: 1_000,
  seconds: 1_000,
  m: 60_000,
  min: 60_000,
  minute: 60_000,
  minutes: 60_000,
  h: 3_600_000,
  hour: 3_600_000,
  hours: 3_600_000,
  d: 86_400_000,
  day: 86_400_000,
  days: 86_400_000,
  w: 604_800_000,
  week: 604_800_000,
  weeks: 604_800_000,
};

const PATTERN = /^(\d+(?:\.\d+)?|\.\d+)\s*([a-z]+)$/i;
const EXPECTED = "a positive number of milliseconds, a string such as '250ms', '30s', '5m', '1h', '7d', or Infinity";

/**
 * Milliseconds of a `Duration`. A string needs a unit: a bare `'60'` is refused, since libraries disagree about it.
 *
 * @throws CacheConfigError for zero (unless `zero` allows it), negatives, `NaN`, and what is no duration.
 */
export function parseDuration(value: unknown, name: string, { zero = false } = {}): number {
  const ms = typeof value === 'number' ? value : typeof value === 'string' ? parse(value) : Number.NaN;
  if (ms > 0 || (zero && ms === 0)) return ms;
  throw new CacheConfigError(`${name}: expected ${EXPECTED}${zero ? ', or 0' : ''}; got ${describe(value)}`);
}

function parse(text: string): number {
  const trimmed = text.trim();
  if (trimmed === 'Infinity') return Number.POSITIVE_INFINITY;
  const match = PATTERN.exec(trimmed);
  if (!match) return Number.NaN;
  return Number(match[1]) * (UNIT_MS[match[2]!.toLowerCase()] ?? Number.NaN);
}
