import { type Duration, parseDuration } from './duration.js';
import { CacheConfigError, describe } from './error.js';

/** Says how long a value stays fresh, when it is written. Runs in the thread that has given it. */
export type TtlFunction<V = never, K = never> = (value: V, key: K) => Duration;

/**
 * A TTL, or a function that says it for each value.
 *
 * Without its type arguments it stands for one of any value, which only who knows the value can call.
 */
export type Ttl<V = never, K = never> = Duration | TtlFunction<V, K>;

/** An entry that is being written. */
interface Valued {
  value: unknown;
  key: unknown;
}

/**
 * The TTL in ms; `undefined` when it depends on a value that is not known yet.
 *
 * @throws CacheConfigError for what is no duration, said or yielded by the function; and whatever that throws.
 */
export function parseTtl(ttl: Ttl, of?: Valued): number | undefined {
  if (typeof ttl !== 'function') return parseDuration(ttl, 'ttl');
  return of && parseDuration(ttl(of.value as never, of.key as never), 'ttl(value, key)');
}

/**
 * How much a TTL may be cut at random, as one number: below 1 a share of it, else milliseconds; 0 is none.
 *
 * @throws CacheConfigError for anything else than a share (`0.1`, `'10%'`) or a duration.
 */
export function parseJitter(jitter: unknown, name = 'ttlJitter'): number {
  if (typeof jitter === 'number' && jitter >= 0 && jitter < 1) return jitter;
  const percent = typeof jitter === 'string' ? /^\s*(\d+(?:\.\d+)?)\s*%\s*$/.exec(jitter) : null;
  if (percent && Number(percent[1]) < 100) return Number(percent[1]) / 100;
  if (!percent && isDuration(jitter, name)) return parseDuration(jitter, name);
  throw new CacheConfigError(
    `${name}: expected a share of the TTL below 1 ('10%' or 0.1) or a duration ('30s', 1 ms or more); got ${describe(jitter)}`,
  );
}

/** A TTL somewhere between the given one and that less its jitter: what was written together does not die together. */
export function jittered(ttlMs: number, jitter: number): number {
  if (jitter === 0 || ttlMs === Number.POSITIVE_INFINITY) return ttlMs;
  const most = jitter < 1 ? ttlMs * jitter : Math.min(jitter, ttlMs);
  return ttlMs - most * Math.random();
}

function isDuration(value: unknown, name: string): boolean {
  try {
    const ms = parseDuration(value, name);
    return ms >= 1 && ms < Number.POSITIVE_INFINITY;
  } catch (error) {
    if (error instanceof CacheConfigError) return false;
    throw error;
  }
}

/**
 * The share of its TTL after which an entry is loaded anew when it is used; `Infinity`: never.
 *
 * @throws CacheConfigError unless it is a number between 0 and 1.
 */
export function parseShare(share: unknown, name: string): number {
  if (share === undefined) return Number.POSITIVE_INFINITY;
  if (typeof share === 'number' && share > 0 && share < 1) return share;
  throw new CacheConfigError(`${name}: expected a share of the TTL, between 0 and 1; got ${describe(share)}`);
}
