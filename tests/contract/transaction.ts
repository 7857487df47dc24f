import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gate } from './removal-cache.js';
import type { TransactionHarness } from './transaction-cache.js';
import { turnContract } from './transaction-turns.js';

const KEYS = [...'abcdef'];

type Step = { do: 'get' | 'set' | 'delete'; key: string; value: number };
interface Plan {
  steps: Step[];
  fails: boolean;
}

/** What transactions promise, of any cache: its answers are awaited. */
export function transactionContract(name: string, harness: TransactionHarness): void {
  const { create } = harness;
  turnContract(name, harness);
  describe(`transactions of ${name}`, () => {
    it('answer with what the function returns, and store what it has written', async () => {
      const cache = await create();
      await cache.set('a', 10);
      await cache.set('gone', 1);
      const answer = await cache.transaction(async (txn) => {
        const a = (await txn.get('a')) as number;
        expect(await txn.set('a', a - 3)).toBe(true);
        expect(await txn.set('b', 3, { tags: ['t'], ttl: 60_000 })).toBe(true);
        expect(await txn.delete('gone')).toBe(true);
        expect(await txn.delete('never')).toBe(false);
        return 'moved';
      });
      expect(answer).toBe('moved');
      expect([cache.get('a'), cache.get('b'), cache.get('gone')]).toEqual([7, 3, undefined]);
      expect(cache.info('b')).toMatchObject({ tags: ['t'], ttl: 60_000 });
      expect(await cache.transaction(() => 5)).toBe(5);
      expect(await cache.transaction(({ get }) => get('a'))).toBe(7);
    });

    it('see their own writes, and nobody else does before the end', async () => {
      const cache = await create();
      await cache.set('a', 1);
      await cache.set('b', 1);
      const written = gate();
      const end = gate();
      const running = cache.transaction(async (txn) => {
        txn.set('a', 2);
        txn.set('c', 2);
        expect(txn.delete('b')).toBe(true);
        expect(txn.delete('b')).toBe(false);
        expect([txn.get('a'), txn.get('b'), txn.get('c')]).toEqual([2, undefined, 2]);
        txn.set('b', 3);
        expect(txn.delete('c')).toBe(true);
        expect([txn.get('b'), txn.get('c')]).toEqual([3, undefined]);
        written.open();
        await end.promise;
      });
      await written.promise;
      expect([...cache.getMany(['a', 'b', 'c'])]).toEqual([
        ['a', 1],
        ['b', 1],
      ]);
      end.open();
      await running;
      expect([...cache.getMany(['a', 'b', 'c'])]).toEqual([
        ['a', 2],
        ['b', 3],
      ]);
    });

    it.each([
      ['throws', () => Promise.reject(new RangeError('no'))],
      [
        'throws at once',
        () => {
          throw new RangeError('no');
        },
      ],
    ])('leave everything as it was when the function %s', async (_, fail) => {
      const cache = await create();
      await cache.set('a', 1);
      const events: unknown[] = [];
      for (const event of ['set', 'delete'] as const) cache.on(event, ({ key }) => events.push(key));
      const attempt = cache.transaction((txn) => {
        txn.set('a', 2);
        txn.set('b', 2);
        return fail();
      });
      await expect(attempt).rejects.toThrow(RangeError);
      expect([cache.get('a'), cache.get('b'), cache.size]).toEqual([1, undefined, 1]);
      expect(events).toEqual([]);
      expect(await cache.transaction((txn) => txn.get('a'))).toBe(1);
    });

    it('are rejected as a whole for one value that is refused, caught or not', async () => {
      const refuse = (key: string, value: number | string) => {
        if (key === 'odd') throw new RangeError('odd');
        return value;
      };
      const cache = await create({ maxBytes: '64KiB', maxEntryBytes: '8KiB', hooks: { preSet: refuse } });
      await cache.set('a', 1);
      for (const [key, value, message] of [
        ['big', 'x'.repeat(9000), /big|8192 bytes/],
        ['odd', 1, /odd/],
        ['nothing', undefined as never, /undefined/],
        ['a', Promise.resolve(1) as never, /promise/],
      ] as const) {
        for (const isCaught of [false, true]) {
          const attempt = cache.transaction((txn) => {
            txn.set('a', 2);
            try {
              txn.set(key, value);
            } catch (error) {
              if (!isCaught) throw error;
            }
            txn.set('b', 3);
          });
          await expect(attempt).rejects.toThrow(message);
        }
      }
      expect([cache.get('a'), cache.size]).toEqual([1, 1]);
    });

    it('are rejected when all that they write does not fit in at once', async () => {
      const cache = await create({ maxBytes: '32KiB' });
      await cache.set('a', 1);
      const attempt = cache.transaction((txn) => {
        for (const key of KEYS) txn.set(key, 'x'.repeat(7000));
      });
      await expect(attempt).rejects.toThrow(/32768 bytes/);
      expect([cache.get('a'), cache.size]).toEqual([1, 1]);
    });

    it.each(['lru', 'lfu', 'fifo', 'gdsf'] as const)('evict others, and nothing of their own: %s', async (policy) => {
      const cache = await create({ maxBytes: '32KiB', policy });
      for (let i = 0; i < 40; i++) {
        await cache.set(`old ${i}`, 'x'.repeat(3000));
        for (let use = 0; use < 5; use++) cache.get(`old ${i}`);
      }
      await cache.transaction((txn) => {
        for (const key of KEYS) txn.set(key, 'y'.repeat(4500));
      });
      expect(cache.getMany(KEYS).size).toBe(KEYS.length);
      expect(cache.bytes).toBeLessThanOrEqual(cache.maxBytes);
      await cache.transaction((txn) => {
        for (const key of KEYS) txn.set(key, 'z'.repeat(key === 'a' ? 6000 : 4600));
      });
      expect(cache.getMany(KEYS).size).toBe(KEYS.length);
      expect(cache.bytes).toBeLessThanOrEqual(cache.maxBytes);
    });

    it('keep to maxEntries', async () => {
      const cache = await create({ maxEntries: 3, policy: 'lru' });
      for (const key of 'xyz') await cache.set(key, 1);
      await cache.transaction((txn) => {
        txn.set('x', 2);
        txn.set('a', 2);
        txn.set('b', 2);
      });
      expect([...cache.getMany([...'abxyz']).keys()]).toEqual(['a', 'b', 'x']);
      const attempt = cache.transaction((txn) => {
        for (const key of 'abcd') txn.set(key, 3);
      });
      await expect(attempt).rejects.toThrow(/3 entries/);
      expect(cache.getMany([...'abcd'])).toEqual(new Map([...'ab'].map((key) => [key, 2])));
    });

    it('overwrite what is written past them meanwhile, and outdo loads that run', async () => {
      const cache = await create();
      const loading = gate();
      const loaded = gate();
      const load = cache.getOrSet('c', async () => {
        loading.open();
        await loaded.promise;
        return 'loaded';
      });
      await loading.promise;
      await cache.transaction(async (txn) => {
        txn.set('a', 'inside');
        txn.set('c', 'inside');
        await cache.set('a', 'outside');
        await cache.set('b', 'outside');
        expect(cache.get('a')).toBe('outside');
        expect(txn.get('a')).toBe('inside');
      });
      loaded.open();
      expect(await load).toBe('loaded');
      expect([...cache.getMany([...'abc']).values()]).toEqual(['inside', 'outside', 'inside']);
      await cache.transaction(async (txn) => {
        txn.set('a', 'after');
        await cache.clear();
      });
      expect([...cache.getMany([...'abc'])]).toEqual([['a', 'after']]);
    });

    it('are told when all is there, once for each key', async () => {
      const cache = await create();
      await cache.set('a', 1);
      await cache.set('b', 1);
      const seen: [string, number][] = [];
      for (const event of ['set', 'delete'] as const) {
        cache.on(event, ({ key }) => seen.push([`${event} ${key}`, cache.getMany(['a', 'b', 'c']).size]));
      }
      await cache.transaction((txn) => {
        txn.set('a', 1);
        txn.set('a', 2);
        txn.delete('c');
        txn.set('c', 2);
        txn.delete('b');
      });
      expect(seen.sort()).toEqual([
        ['delete b', 2],
        ['set a', 2],
        ['set c', 2],
      ]);
    });

    it('pass values through the hooks', async () => {
      const cache = await create({
        hooks: { preSet: (_, value) => `<${value}>`, postGet: (value) => String(value).slice(1, -1) },
      });
      await cache.set('a', 'x');
      await cache.transaction((txn) => {
        expect(txn.get('a')).toBe('x');
        txn.set('a', `${txn.get('a')}y`);
        expect(txn.get('a')).toBe('xy');
      });
      expect([cache.get('a'), cache.peek('a')]).toEqual(['xy', '<xy>']);
    });

    it('of a namespace work on its keys', async () => {
      const cache = await create();
      const view = cache.namespace('n');
      await cache.set('a', 'root');
      await view.transaction((txn) => {
        expect(txn.get('a')).toBeUndefined();
        txn.set('a', 'view');
      });
      expect([cache.get('a'), view.get('a')]).toEqual(['root', 'view']);
    });

    it('leave what one after the other would, whatever they do at once', async () => {
      const step: fc.Arbitrary<Step> = fc.record({
        do: fc.constantFrom('get', 'set', 'set', 'delete'),
        key: fc.constantFrom(...KEYS),
        value: fc.nat(99),
      });
      const plan: fc.Arbitrary<Plan> = fc.record({
        steps: fc.array(step, { maxLength: 8 }),
        fails: fc.boolean(),
      });
      await fc.assert(
        fc.asyncProperty(fc.array(plan, { minLength: 1, maxLength: 8 }), async (plans) => {
          const cache = await create();
          const model = new Map<string, number>();
          const begun: { plan: Plan; seen: (number | boolean | undefined)[] }[] = [];
          await Promise.allSettled(
            plans.map((one) =>
              cache.transaction(async (txn) => {
                const seen: (number | boolean | undefined)[] = [];
                begun.push({ plan: one, seen });
                for (const { do: what, key, value } of one.steps) {
                  if (what === 'set') txn.set(key, value);
                  else if (what === 'get') seen.push(txn.get(key) as number | undefined);
                  else seen.push(txn.delete(key));
                  if (value % 3 === 0) await null;
                }
                if (one.fails) throw new Error('no');
              }),
            ),
          );
          for (const { plan: one, seen } of begun) {
            const draft = new Map(model);
            const expected = one.steps.flatMap(({ do: what, key, value }): (number | boolean | undefined)[] => {
              if (what === 'set') draft.set(key, value);
              return what === 'get' ? [draft.get(key)] : what === 'delete' ? [draft.delete(key)] : [];
            });
            expect(seen).toEqual(expected);
            if (one.fails) continue;
            model.clear();
            for (const [key, value] of draft) model.set(key, value);
          }
          expect(begun.length).toBe(plans.length);
          expect(new Map(cache.getMany(KEYS))).toEqual(new Map([...model].sort()));
          expect(cache.size).toBe(model.size);
          await cache.close();
        }),
        { seed: 5, numRuns: 40 },
      );
    });
  });
}
