import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SharedCache } from '../../src/shared-cache.js';
import { KeeperHere } from '../model/here.js';

/* The keeper is in this thread, and time stands still but where a test moves it. */
const { time, line } = vi.hoisted(() => ({ time: { now: 1000 }, line: { client: undefined as unknown } }));

vi.mock('../../src/common/clock.js', () => {
  const monotonicNow = () => time.now;
  return { monotonicNow, monotonicClock: { now: monotonicNow } };
});
vi.mock('../../src/shared/thread.js', () => ({ connectThread: async () => line.client }));

let cache: SharedCache<number>;
let names = 0;

beforeEach(async () => {
  line.client = new KeeperHere(() => time.now).client;
  cache = await SharedCache.create<number>({ name: `time ${names++}`, maxBytes: '1MiB', ttl: 80 });
});

afterEach(() => cache.close());

describe('time', () => {
  it('makes entries stale, then dead', async () => {
    await cache.set('brief', 1, { ttl: 60 });
    await cache.set('long', 1, { ttl: '1h' });
    await cache.set('stale', 1, { ttl: 60, grace: '1h' });
    time.now += 59;
    expect([cache.get('brief'), cache.get('stale'), cache.size]).toEqual([1, 1, 3]);
    time.now += 1;
    for (const key of ['brief', 'stale']) {
      expect(cache.get(key)).toBeUndefined();
      expect(cache.has(key)).toBe(false);
      expect(cache.peek(key)).toBeUndefined();
    }
    expect(cache.size).toBe(1);
    expect([...cache.keys()]).toEqual(['long']);
    expect(cache.info('stale')).toMatchObject({ stale: true, remainingTtl: 0 });
    expect(cache.info('brief')).toBeUndefined();
    expect(await cache.sweep()).toBe(1);
    expect(await cache.sweep()).toBe(0);
  });

  it('begins anew with touch', async () => {
    await cache.set('k', 1);
    await cache.set('other', 1);
    time.now += 50;
    expect(await cache.touch('k')).toBe(true);
    expect(await cache.touch('nothing')).toBe(false);
    expect([cache.info('k')?.age, cache.info('k')?.remainingTtl]).toEqual([0, 80]);
    time.now += 30;
    expect([cache.get('k'), cache.get('other')]).toEqual([1, undefined]);
    expect(await cache.touch('other')).toBe(false);
    time.now += 49;
    expect(cache.get('k')).toBe(1);
    expect(await cache.touch('k', '1h')).toBe(true);
    expect(cache.info('k')?.remainingTtl).toBe(3_600_000);
    time.now += 3_599_999;
    expect(cache.get('k')).toBe(1);
    time.now += 1;
    expect(cache.get('k')).toBeUndefined();
  });
});
