import type { CacheOptions, EntryInfo, Factory, GetOrSetOptions } from 'cachalot';
import { CacheConfigError, CacheTimeoutError } from 'cachalot';
import { describe, expect, it, vi } from 'vitest';

type Options = Partial<
  Pick<CacheOptions<string, number | null>, 'ttl' | 'ttlJitter' | 'grace' | 'refreshAhead' | 'maxEntryBytes' | 'cost'>
>;
type Make = Factory<number | null, string>;

/** A cache of either kind, and one of the ways in which it loads. */
export interface Loads {
  ask(key: string, factory: Make, options?: GetOrSetOptions<number | null, string>): Promise<number | null | undefined>;
  peek(key: string): number | null | undefined;
  has(key: string): boolean;
  info(key: string): EntryInfo | undefined;
  set(key: string, value: number | null): boolean | Promise<boolean>;
  delete(key: string): boolean | Promise<boolean>;
  expire(key: string): boolean | Promise<boolean>;
  clear(): void | Promise<void>;
  stats: { snapshot(): { loads: number; misses: number; hits: number; loadErrors: number } };
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const eventually = (read: () => unknown) => expect.poll(read, { timeout: 5_000, interval: 5 });

class Down extends Error {}

/** A factory that ends when it is told to, and what it was given. */
function held() {
  const runs: { signal: AbortSignal; end: (value: number) => void; fail: (error: Error) => void }[] = [];
  const factory: Make = ({ signal }) =>
    new Promise<number>((resolve, reject) => runs.push({ signal, end: resolve, fail: reject }));
  return { runs, factory };
}

/** The first run, once it has begun: on a busy machine callers may be answered before. */
async function begun<T>(runs: T[]): Promise<T> {
  await eventually(() => runs.length).toBe(1);
  return runs[0]!;
}

/** What is promised of every load, whatever the cache and the call. */
export function describeFreshness(name: string, create: (options?: Options) => Promise<Loads>): void {
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
      const options = { graceBackoff: 100 };
      expect(await cache.ask('k', failing, options)).toBe(1);
      expect(await cache.ask('k', failing, options)).toBe(1);
      expect(await cache.ask('k', failing)).toBe(1);
      expect(failing).toHaveBeenCalledTimes(3);
      await sleep(110);
      expect(await cache.ask('k', () => 2, options)).toBe(2);
    });
  });

  describe(`${name}: hardTimeout`, () => {
    it('is a CacheTimeoutError, or the stale value; the late result is stored', async () => {
      const cache = await create({ ttl: '1h', grace: '1h' });
      const first = held();
      // Late, and long before the load is three times as old, and given up.
      const hardTimeout = 700;
      const late = await cache.ask('k', first.factory, { hardTimeout }).catch((error: unknown) => error);
      expect(late).toBeInstanceOf(CacheTimeoutError);
      expect(late).toHaveProperty('message', expect.stringMatching(/value of "k".*no answer within 700 ms/));
      (await begun(first.runs)).end(1);
      await eventually(() => cache.peek('k')).toBe(1);
      await cache.expire('k');
      const second = held();
      expect(await cache.ask('k', second.factory, { hardTimeout })).toBe(1);
      (await begun(second.runs)).end(2);
      await eventually(() => cache.peek('k')).toBe(2);
    });

    it('three times as old, a load is aborted and no longer joined', async () => {
      const cache = await create();
      const { runs, factory } = held();
      await expect(cache.ask('k', factory, { hardTimeout: 150 })).rejects.toThrow(CacheTimeoutError);
      expect((await begun(runs)).signal.aborted).toBe(false);
      await eventually(() => runs[0]!.signal.aborted).toBe(true);
      expect(await cache.ask('k', () => 2, { hardTimeout: 1000 })).toBe(2);
      (await begun(runs)).end(1);
      await sleep(20);
      expect(cache.peek('k')).toBe(2);
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
      const cache = await create({ ttl: 400, refreshAhead: 0.25 });
      await cache.ask('k', () => 1);
      expect(await cache.ask('k', () => 2)).toBe(1);
      await sleep(120);
      expect(cache.peek('k')).toBe(1);
      expect(await cache.ask('k', () => 2)).toBe(1);
      await eventually(() => cache.peek('k')).toBe(2);
      expect(cache.stats.snapshot()).toMatchObject({ loads: 2, misses: 1, hits: 2 });
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

  describe(`${name}: negativeTtl`, () => {
    it('remembers a failure for its time', async () => {
      const cache = await create();
      const error = new Down();
      const failing = vi.fn<Make>().mockRejectedValue(error);
      for (let i = 0; i < 3; i++) {
        await expect(cache.ask('k', failing, { negativeTtl: 150 })).rejects.toBe(error);
      }
      await expect(cache.ask('k', failing)).rejects.toBe(error);
      expect(failing).toHaveBeenCalledTimes(1);
      expect(await cache.ask('k', () => 1, { forceRefresh: true })).toBe(1);
      await cache.delete('k');
      await expect(cache.ask('k', failing, { negativeTtl: 50 })).rejects.toBe(error);
      await sleep(60);
      expect(await cache.ask('k', () => 2)).toBe(2);
    });

    it.each<[string, (cache: Loads) => unknown]>([
      ['delete', (cache) => cache.delete('k')],
      ['expire', (cache) => cache.expire('k')],
      ['clear', (cache) => cache.clear()],
      ['set', async (cache) => [await cache.set('k', 5), await cache.expire('k')]],
    ])('is forgotten by %s', async (_, change) => {
      const cache = await create();
      await expect(cache.ask('k', () => Promise.reject(new Down()), { negativeTtl: '1h' })).rejects.toThrow(Down);
      await change(cache);
      expect(await cache.ask('k', () => 1)).toBe(1);
    });

    it('does not remember what failed after the key was changed', async () => {
      const cache = await create();
      const { runs, factory } = held();
      const wait = cache.ask('k', factory, { negativeTtl: '1h' });
      await eventually(() => runs.length).toBe(1);
      await cache.delete('k');
      (await begun(runs)).fail(new Down());
      await expect(wait).rejects.toThrow(Down);
      expect(await cache.ask('k', () => 1)).toBe(1);
    });
  });

  describe(`${name}: abort`, () => {
    it('beforehand rejects, whatever is held', async () => {
      const cache = await create();
      await cache.ask('k', () => 1);
      const reason = new Down('beforehand');
      await expect(cache.ask('k', () => 2, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    });

    it('of one ends his wait; of the last ends the load', async () => {
      const cache = await create();
      const { runs, factory } = held();
      const controllers = [new AbortController(), new AbortController(), new AbortController()];
      const waits = controllers.map(({ signal }) => cache.ask('k', factory, { signal }).catch((error) => error));
      await eventually(() => runs.length).toBe(1);
      await sleep(20);
      const reasons = controllers.map(() => new Down());
      for (const i of [0, 2]) {
        controllers[i]!.abort(reasons[i]);
        expect(await waits[i]).toBe(reasons[i]);
      }
      await sleep(30);
      expect(runs[0]!.signal.aborted).toBe(false);
      controllers[1]!.abort(reasons[1]);
      expect(await waits[1]).toBe(reasons[1]);
      await eventually(() => runs[0]!.signal.aborted).toBe(true);
      expect(await cache.ask('k', () => 2)).toBe(2);
      expect(runs.length).toBe(1);
    });

    it('of one leaves the value to the others', async () => {
      const cache = await create();
      const { runs, factory } = held();
      const controller = new AbortController();
      const first = cache.ask('k', factory, { signal: controller.signal });
      await eventually(() => runs.length).toBe(1);
      const second = cache.ask('k', factory);
      await sleep(20);
      controller.abort(new Down());
      await expect(first).rejects.toThrow(Down);
      (await begun(runs)).end(1);
      expect(await second).toBe(1);
      expect(cache.peek('k')).toBe(1);
      expect(runs.length).toBe(1);
    });

    it('ends no load that goes on behind a stale value', async () => {
      const cache = await create({ ttl: '1h', grace: '1h' });
      await cache.ask('k', () => 1);
      await cache.expire('k');
      const { runs, factory } = held();
      expect(await cache.ask('k', factory, { timeout: 10 })).toBe(1);
      const controller = new AbortController();
      const wait = cache.ask('k', factory, { signal: controller.signal }).catch((error) => error);
      await sleep(20);
      controller.abort(new Down());
      expect(await wait).toBeInstanceOf(Down);
      await sleep(20);
      expect(runs[0]!.signal.aborted).toBe(false);
      (await begun(runs)).end(2);
      await eventually(() => cache.peek('k')).toBe(2);
    });
  });
}
