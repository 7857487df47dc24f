import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Cache } from '../../src/index.js';
import { FakeClock } from '../../src/testing/index.js';

const NEVER = Number.POSITIVE_INFINITY;

interface Life {
  ttl: number;
  end: number;
  idle: number;
  born: number;
  grace: number;
}

const keys = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f');
const ttls = fc.constantFrom(NEVER, 100, 100, 250);
const step = fc.oneof(
  fc.record({ do: fc.constant('set' as const), key: keys, ttl: ttls, idle: fc.constantFrom(NEVER, NEVER, 60) }),
  fc.record({ do: fc.constant('graceful' as const), key: keys, ttl: ttls, idle: fc.constant(NEVER) }),
  fc.record({ do: fc.constant('expire' as const), key: keys }),
  fc.record({ do: fc.constant('delete' as const), key: keys }),
  fc.record({ do: fc.constant('get' as const), key: keys }),
  fc.record({ do: fc.constant('touch' as const), key: keys, ttl: fc.option(ttls, { nil: undefined }) }),
  fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 90 }) }),
  fc.record({ do: fc.constant('clear' as const) }),
);

/** Plays the steps on a cache and on a map of lives, and compares what both know after each. */
function play(steps: readonly (typeof step extends fc.Arbitrary<infer S> ? S : never)[]): void {
  const clock = new FakeClock(1000);
  const cache = new Cache<string, number>({ maxBytes: 1000, weigher: () => 10, policy: 'lru', clock });
  const lives = new Map<string, Life>();
  const fresh = (key: string) => {
    const life = lives.get(key);
    return life !== undefined && life.end > clock.now() ? life : undefined;
  };
  for (const one of steps) {
    const now = clock.now();
    if (one.do === 'set' || one.do === 'graceful') {
      const grace = one.do === 'graceful' ? 40 : 0;
      cache.set(one.key, 1, { ttl: one.ttl, idleTtl: one.idle, ...(grace > 0 && { grace }) });
      const { ttl, idle } = one;
      lives.set(one.key, { ttl, idle, grace, born: now, end: now + Math.min(ttl, idle) });
    } else if (one.do === 'wait') {
      clock.advance(one.ms);
    } else if (one.do === 'clear') {
      cache.clear();
      lives.clear();
    } else if (one.do === 'delete') {
      cache.delete(one.key);
      lives.delete(one.key);
    } else if (one.do === 'expire') {
      expect(cache.expire(one.key)).toBe(fresh(one.key) !== undefined);
      const life = fresh(one.key);
      if (life) life.end = now;
    } else if (one.do === 'get') {
      const life = fresh(one.key);
      expect(cache.get(one.key)).toBe(life && 1);
      if (life && life.idle !== NEVER) life.end = Math.min(life.born + life.ttl, now + life.idle);
    } else {
      const life = fresh(one.key);
      expect(cache.touch(one.key, one.ttl)).toBe(life !== undefined);
      if (life) {
        life.ttl = one.ttl ?? life.ttl;
        life.born = now;
        life.end = now + Math.min(life.ttl, life.idle);
      }
    }
    for (const [key, { ttl, end, grace }] of lives) {
      const isDead = end + grace <= clock.now();
      const expected = isDead ? undefined : { ttl, remainingTtl: Math.max(0, end - clock.now()) };
      const info = cache.info(key);
      expect(info && { ttl: info.ttl, remainingTtl: info.remainingTtl }).toEqual(expected);
    }
  }
}

describe('the life of an entry', () => {
  it('is what a plain map of lives says, whatever lives are mixed', () => {
    fc.assert(fc.property(fc.array(step, { maxLength: 40 }), play), { seed: 20261121, numRuns: 1500 });
  });
});
