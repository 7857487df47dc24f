import { CacheConfigError } from 'cachalot';
import { describe, expect, it, vi } from 'vitest';
import { describeFailure } from './failure.js';
import { begun, Down, eventually, held, type Loads, type Make, type Options, sleep } from './loads.js';

/** What is promised of every load, whatever the cache and the call. */
export function describeFreshness(name: string, create: (options?: Options) => Promise<Loads>): void {
  describeFailure(name, create);

  describe(`${name}: what is loaded`, () => {
    it('is stored, null too; undefined, what is skipped and what fails is not', async () => {
      const cache = await create();
      expect(await cache.ask('one', () => 1)).toBe(1);
      expect(await cache.ask('null', async () => null)).toBeNull();
      expect(await cache.ask('none', () => undefined)).toBeUndefined();
      expect(await cache.ask('skip', (ctx) => ctx.skip(2))).toBe(2);
      await expect(cache.ask('fail', (ctx) => ctx.fail('no'))).rejects.toThrow(/load: failed: no/);
      expect(['one', 'null', 'none', 'skip', 'fail'].filter((key) => cache.has(key))).toEqual(['one', 'null']);
    });

    it('fails for all who wait with the very error', async () => {
      const cache = await create();
      const { runs, factory } = held();
      const waits = [cache.ask('k', factory), cache.ask('k', factory), cache.ask('k', factory)];
      await eventually(() => runs.length).toBe(1);
      await sleep(20);
      const error = new Down('down');
      (await begun(runs)).fail(error);
      for (const outcome of await Promise.allSettled(waits)) {
        expect(outcome.status === 'rejected' && outcome.reason).toBe(error);
      }
      expect(runs.length).toBe(1);
      expect(cache.stats.snapshot()).toMatchObject({ misses: 3, loadErrors: 1 });
      expect(await cache.ask('k', () => 1)).toBe(1);
    });

    it('lives as the load says, else the call, else the cache', async () => {
      const cache = await create({ ttl: 1000, grace: 5 });
      await cache.ask('cache', () => 1);
      await cache.ask('call', () => 2, { ttl: 2000, cost: 7, tags: ['t'] });
      await cache.ask('function', () => 3, { ttl: (value, key) => (value ?? 0) * 1000 + key.length });
      await cache.ask(
        'load',
        (ctx) => {
          ctx.setOptions({ ttl: 4000, cost: 8 });
          ctx.setOptions({ tags: ['u'] });
          return 4;
        },
        { ttl: 2000, cost: 7, tags: ['t'] },
      );
      expect(cache.info('cache')).toMatchObject({ ttl: 1000, cost: 1, tags: [] });
      expect(cache.info('call')).toMatchObject({ ttl: 2000, cost: 7, tags: ['t'] });
      expect(cache.info('function')).toMatchObject({ ttl: 3008 });
      expect(cache.info('load')).toMatchObject({ ttl: 4000, cost: 8, tags: ['u'] });
      await expect(cache.ask('bad', () => 5, { ttl: () => 0 })).rejects.toThrow(CacheConfigError);
      expect(cache.has('bad')).toBe(false);
    });

    it('lives as a function of the cache says, less the jitter', async () => {
      const cache = await create({ ttl: (value) => 1000 * (value ?? 1), ttlJitter: '10%' });
      await cache.ask('two', () => 2);
      expect(cache.info('two')!.ttl).toBeGreaterThan(1800);
      expect(cache.info('two')!.ttl).toBeLessThanOrEqual(2000);
      await cache.ask('exact', () => 2, { ttlJitter: 0 });
      expect(cache.info('exact')!.ttl).toBe(2000);
    });

    it('is tried again as often as told', async () => {
      const cache = await create();
      const factory = vi.fn<Make>().mockRejectedValueOnce(new Down()).mockResolvedValue(1);
      expect(await cache.ask('k', factory, { retries: 2 })).toBe(1);
      expect(factory).toHaveBeenCalledTimes(2);
      const hopeless = vi.fn<Make>().mockRejectedValue(new Down());
      await expect(cache.ask('x', hopeless, { retries: 2 })).rejects.toThrow(Down);
      expect(hopeless).toHaveBeenCalledTimes(3);
    });
  });

  describe(`${name}: stale values`, () => {
    it('stand in for a load that fails, within grace', async () => {
      const cache = await create({ ttl: '1h', grace: 150 });
      await cache.ask('k', () => 1);
      await cache.expire('k');
      const seen = vi.fn();
      const failing: Make = (ctx) => {
        seen(ctx.staleValue);
        throw new Down();
      };
      expect(await cache.ask('k', failing)).toBe(1);
      expect(seen).toHaveBeenCalledWith(1);
      await sleep(170);
      await expect(cache.ask('k', failing)).rejects.toThrow(Down);
    });

    it('stand in for one that is slower than timeout, which goes on; at once with 0', async () => {
      const cache = await create({ ttl: '1h', grace: '1h' });
      await cache.ask('k', () => 1);
      await cache.expire('k');
      const slow = held();
      expect(await cache.ask('k', slow.factory, { timeout: 20 })).toBe(1);
      (await begun(slow.runs)).end(2);
      await eventually(() => cache.peek('k')).toBe(2);
      await cache.expire('k');
      const behind = held();
      expect(await cache.ask('k', behind.factory, { timeout: 0 })).toBe(2);
      await eventually(() => behind.runs.length).toBe(1);
      (await begun(behind.runs)).end(3);
      await eventually(() => cache.peek('k')).toBe(3);
      expect(slow.runs.length).toBe(1);
    });

    it('are no answer where there is none, or where the value is still fresh', async () => {
      const cache = await create();
      const slow = held();
      const wait = cache.ask('k', slow.factory, { timeout: 5 });
      await sleep(40);
      (await begun(slow.runs)).end(1);
      expect(await wait).toBe(1);
      await expect(cache.ask('k', () => Promise.reject(new Down()), { forceRefresh: true })).rejects.toThrow(Down);
      expect(cache.peek('k')).toBe(1);
    });

    it('do not come back after a removal during the load', async () => {
      const cache = await create({ ttl: '1h', grace: '1h' });
      await cache.ask('k', () => 1);
      await cache.expire('k');
      const { runs, factory } = held();
      const wait = cache.ask('k', factory);
      await eventually(() => runs.length).toBe(1);
      await cache.delete('k');
      (await begun(runs)).fail(new Down());
      await expect(wait).rejects.toThrow(Down);
    });

    it('spare the loader after a failure, with graceBackoff; without, it is tried each time', async () => {
      const cache = await create({ ttl: '1h', grace: '1h' });
      await cache.ask('k', () => 1);
      await cache.expire('k');
      const failing = vi.fn<Make>().mockRejectedValue(new Down());
      await cache.ask('k', failing);
      await cache.ask('k', failing);
      expect(failing).toHaveBeenCalledTimes(2);
      const options = { graceBackoff: 500 };
      expect(await cache.ask('k', failing, options)).toBe(1);
      expect(await cache.ask('k', failing, options)).toBe(1);
      expect(await cache.ask('k', failing)).toBe(1);
      expect(failing).toHaveBeenCalledTimes(3);
      await sleep(510);
      expect(await cache.ask('k', () => 2, options)).toBe(2);
    });
  });

  describe(`${name}: loading anew`, () => {
    it('goes on behind a fresh value of some age, once; its age and TTL begin anew', async () => {
      const cache = await create({ ttl: '1h' });
      await cache.ask('k', () => 1);
      await sleep(30);
      const { runs, factory } = held();
      const options = { refreshAfter: 20 };
      expect(await Promise.all([1, 2, 3].map(() => cache.ask('k', factory, options)))).toEqual([1, 1, 1]);
      expect(await cache.ask('k', factory, { refreshAfter: '1h' })).toBe(1);
      await eventually(() => runs.length).toBe(1);
      expect(cache.info('k')!.age).toBeGreaterThan(20);
      const end = (await begun(runs)).end;
      const endedAt = performance.now();
      end(2);
      await eventually(() => cache.peek('k')).toBe(2);
      // Threads agree on the time to about a millisecond.
      expect(cache.info('k')!.age).toBeLessThan(performance.now() - endedAt + 5);
      expect(await cache.ask('k', factory, { refreshAfter: '1h' })).toBe(2);
      expect(runs.length).toBe(1);
    });

    it('ahead of the end, for what is used', async () => {
      const cache = await create({ ttl: 2000, refreshAhead: 0.25 });
      await cache.ask('k', () => 1);
      expect(await cache.ask('k', () => 2)).toBe(1);
      await sleep(550);
      expect(cache.peek('k')).toBe(1);
      expect(await cache.ask('k', () => 2)).toBe(1);
      await eventually(() => cache.peek('k')).toBe(2);
      // The load is counted when its value is there already.
      await eventually(() => cache.stats.snapshot().loads).toBe(2);
      expect(cache.stats.snapshot()).toMatchObject({ misses: 1, hits: 2 });
    });

    it('that fails leaves the value where it is', async () => {
      const cache = await create();
      await cache.ask('k', () => 1);
      await sleep(10);
      const failing = vi.fn<Make>().mockRejectedValue(new Down());
      expect(await cache.ask('k', failing, { refreshAfter: 1, graceBackoff: '1h' })).toBe(1);
      await eventually(() => cache.stats.snapshot().loadErrors).toBe(1);
      await sleep(10);
      expect(await cache.ask('k', failing, { refreshAfter: 1, graceBackoff: '1h' })).toBe(1);
      await sleep(20);
      expect(failing).toHaveBeenCalledTimes(1);
      expect(cache.peek('k')).toBe(1);
    });

    it('is forced although a fresh value is held', async () => {
      const cache = await create();
      await cache.ask('k', () => 1);
      const stale = vi.fn();
      const factory: Make = (ctx) => {
        stale(ctx.staleValue);
        return 2;
      };
      expect(await cache.ask('k', factory, { forceRefresh: true })).toBe(2);
      expect(stale).toHaveBeenCalledWith(1);
      expect(cache.peek('k')).toBe(2);
      expect(cache.stats.snapshot()).toMatchObject({ misses: 2, hits: 0 });
    });
  });
}
