import { CacheTimeoutError } from 'cachalot';
import { describe, expect, it, vi } from 'vitest';
import { begun, Down, eventually, held, type Loads, type Make, type Options, sleep } from './loads.js';

/** What is promised when a load fails, takes too long, or is not wanted any more. */
export function describeFailure(name: string, create: (options?: Options) => Promise<Loads>): void {
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
      // Long enough to look at the signal before the load is given up, on a busy machine, too.
      await expect(cache.ask('k', factory, { hardTimeout: 400 })).rejects.toThrow(CacheTimeoutError);
      expect((await begun(runs)).signal.aborted).toBe(false);
      await eventually(() => runs[0]!.signal.aborted).toBe(true);
      expect(await cache.ask('k', () => 2, { hardTimeout: 1000 })).toBe(2);
      (await begun(runs)).end(1);
      await sleep(20);
      expect(cache.peek('k')).toBe(2);
    });
  });

  describe(`${name}: negativeTtl`, () => {
    it('remembers a failure for its time', async () => {
      const cache = await create();
      const error = new Down();
      const failing = vi.fn<Make>().mockRejectedValue(error);
      for (let i = 0; i < 3; i++) {
        await expect(cache.ask('k', failing, { negativeTtl: '1m' })).rejects.toBe(error);
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
