import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { gate } from './removal-cache.js';

import type { TransactionHarness } from './transaction-cache.js';

/** Whose turn it is, and until when. */
export function turnContract(name: string, { create }: TransactionHarness): void {
  describe(`transactions of ${name}`, () => {
    it('run one after the other, in the order in which they came', async () => {
      const cache = await create();
      await cache.set('n', 0);
      const order: number[] = [];
      await Promise.all(
        Array.from({ length: 30 }, (_, i) =>
          cache.transaction(async (txn) => {
            const n = txn.get('n') as number;
            if (i % 3 === 0) await sleep(1);
            txn.set('n', n + 1);
            order.push(i);
            if (i % 7 === 0) throw new Error('not this one');
          }),
        ).map((one) => one.catch(() => undefined)),
      );
      expect(order).toEqual(Array.from({ length: 30 }, (_, i) => i));
      expect(cache.get('n')).toBe(25);
    });

    it('within one another are an error at once, by whatever way', async () => {
      const cache = await create();
      const text = /outside of another/;
      await cache.transaction(async (txn) => {
        await expect(cache.transaction(() => 1)).rejects.toThrow(text);
        await expect(cache.namespace('n').transaction(() => 1)).rejects.toThrow(text);
        await expect(cache.getOrSet('k', () => cache.transaction(() => 1))).rejects.toThrow(text);
        await sleep(1);
        await expect(cache.transaction(() => 1)).rejects.toMatchObject({ code: 'ERR_CACHE' });
        txn.set('a', 1);
      });
      expect(cache.get('a')).toBe(1);
      const other = await create();
      await cache.transaction(() => other.transaction((txn) => txn.set('b', 1)));
      expect(other.get('b')).toBe(1);
    });

    it('may be begun by one that has ended', async () => {
      const cache = await create();
      let late: Promise<number> | undefined;
      await cache.transaction(() => {
        late = sleep(20).then(() => cache.transaction(() => 1));
      });
      expect(await late).toBe(1);
    });

    it('have a deadline: those who wait go on, and what comes late is in vain', async () => {
      const cache = await create();
      const late = gate();
      const failures: unknown[] = [];
      const slow = cache.transaction(
        async (txn) => {
          txn.set('a', 1);
          await late.promise;
          try {
            txn.set('b', 1);
          } catch (error) {
            failures.push(error);
          }
          return txn.get('a');
        },
        { timeout: 30 },
      );
      const next = cache.transaction((txn) => txn.get('a') ?? 'nothing');
      await expect(slow).rejects.toMatchObject({ code: 'ERR_CACHE_TIMEOUT' });
      expect(await next).toBe('nothing');
      late.open();
      await sleep(5);
      expect(failures).toEqual([expect.objectContaining({ message: expect.stringContaining('has ended') })]);
      expect(cache.size).toBe(0);
      for (const timeout of [0, -1, Number.NaN, 'soon']) {
        await expect(cache.transaction(() => 1, { timeout })).rejects.toThrow(/timeout: expected/);
      }
      await expect(cache.transaction(7 as never)).rejects.toThrow(/transaction: expected a function; got 7/);
      await expect(cache.transaction(() => 1, null as never)).rejects.toThrow(/options: expected an object/);
    });

    it('end with their cache, those that wait too', async () => {
      const cache = await create();
      const begun = gate();
      const running = cache.transaction((txn) => {
        txn.set('a', 1);
        begun.open();
        return new Promise(() => undefined);
      });
      const waiting = cache.transaction(() => 1);
      const outcomes = Promise.allSettled([running, waiting]);
      await begun.promise;
      await cache.close();
      for (const outcome of await outcomes) {
        expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'ERR_CACHE_CLOSED' } });
      }
      await expect(cache.transaction(() => 1)).rejects.toMatchObject({ code: 'ERR_CACHE_CLOSED' });
    });
  });
}
