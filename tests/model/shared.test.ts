import { expect, it, vi } from 'vitest';
import { SharedCache } from '../../src/shared-cache.js';
import { keeperHere, time } from './here.js';

vi.mock('../../src/common/clock.js', async () => {
  const { time } = await import('./here.js');
  const monotonicNow = () => time.now;
  return { monotonicNow, monotonicClock: { now: monotonicNow } };
});
vi.mock('../../src/arena/discovery.js', () => ({
  ensureKeeper: async () => 0,
  findKeeper: async () => ({ thread: 0, names: [] }),
  offerToStart: () => undefined,
  isTagged: () => false,
}));
vi.mock('node:worker_threads', async (original) => {
  const { connectHere } = await import('./here.js');
  return { ...(await original<typeof import('node:worker_threads')>()), postMessageToThread: connectHere };
});

it('runs', async () => {
  const cache = await SharedCache.create<{ id: number }>({ name: 'x', maxBytes: '64KiB', ttl: 100 });
  expect(await cache.set('a', { id: 1 })).toBe(true);
  expect(cache.get('a')).toEqual({ id: 1 });
  const t = performance.now();
  for (let i = 0; i < 2000; i++) await cache.set('a', { id: i });
  console.log('us per set', (performance.now() - t) / 2);
  time.now += 200;
  expect(cache.get('a')).toBeUndefined();
  expect(await cache.getOrSet('a', () => ({ id: 5 }))).toEqual({ id: 5 });
  keeperHere().validate();
  await cache.close();
});
