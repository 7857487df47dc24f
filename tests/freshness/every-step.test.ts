import { Cache } from 'cachalot';
import { describe, expect, it } from 'vitest';
import { type Change, changes } from '../contract/changes.js';

/**
 * A load is a row of microtasks. A change is made before the first of them, before the second, and so on until the load
 * has long ended: at each await point of the factory, and at each of the cache's own.
 */
const STEPS = 30;
const FACTORY_STEPS = 6;

type Numbers = Cache<string, number>;

async function steps(count: number): Promise<void> {
  for (let step = 0; step < count; step++) await undefined;
}

function load(cache: Numbers, value: number, begun: () => void = () => undefined): Promise<number | undefined> {
  const factory = async (): Promise<number> => {
    begun();
    await steps(FACTORY_STEPS);
    return value;
  };
  return cache.getOrSet('a', factory, { tags: ['t'] });
}

const all: [string, Change<Numbers>][] = Object.entries({
  ...changes,
  'a set that is refused': { make: (cache) => cache.set('a', 2, { size: 2 ** 21 }) },
});

describe.each(all)('%s, before each step of a load', (_, { make, leaves, seesOnlyHeld = false }) => {
  it.each(['nothing', 'a stale value'])('wins, where %s was held', async (held) => {
    for (let at = 0; at < STEPS; at++) {
      const cache: Numbers = new Cache({ maxBytes: '1MiB', grace: '1h' });
      if (held !== 'nothing') {
        cache.set('a', 0, { tags: ['t'] });
        cache.expire('a');
      }
      const wait = load(cache, 1);
      await steps(at);
      const isUnseen = seesOnlyHeld && cache.info('a') === undefined;
      make(cache);
      expect(cache.get('a'), `at step ${at}`).toBe(leaves);
      let runs = 0;
      const anew = load(cache, 3, () => runs++);
      expect(await wait, `at step ${at}`).toBe(1);
      const later = isUnseen ? 1 : (leaves ?? 3);
      expect(await anew, `at step ${at}`).toBe(later);
      expect(runs, `at step ${at}`).toBe(later === 3 ? 1 : 0);
      await steps(STEPS);
      expect(cache.get('a'), `at step ${at}`).toBe(later);
      await cache.close();
    }
  });
});

it('tags that a factory names while it runs count as soon as they are named, and before', async () => {
  for (let at = 0; at < STEPS; at++) {
    const cache: Numbers = new Cache({ maxBytes: '1MiB' });
    const wait = cache.getOrSet('a', async ({ setOptions }) => {
      await steps(FACTORY_STEPS);
      setOptions({ tags: ['t'] });
      await steps(FACTORY_STEPS);
      return 1;
    });
    await steps(at);
    cache.deleteByTag('t');
    expect(await wait, `at step ${at}`).toBe(1);
    await steps(STEPS);
    expect(cache.has('a'), `at step ${at}`).toBe(false);
  }
});
