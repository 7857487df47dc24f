import { describe, expect, it } from 'vitest';
import { create, expectEmpty, thread, until } from '../shared/support/threads.js';

const THREADS = 4;

describe('across threads', () => {
  it('no update is lost, sync or async, beside writes and removals of the same key', { timeout: 60_000 }, async () => {
    const cache = await create<{ n: number; by: number[] }>();
    await cache.set('k', { n: 0, by: [] });
    const others = Array.from({ length: THREADS }, () => thread());
    await Promise.all(
      others.map((one, i) =>
        one.run(
          async ({ SharedCache }, name, i) => {
            const cache = await SharedCache.attach<{ n: number; by: number[] }>(name);
            for (let round = 0; round < 100; round++) {
              await cache.update('k', (old) => {
                const by = [...(old?.by ?? [])];
                by[i] = (by[i] ?? 0) + 1;
                const next = { n: (old?.n ?? 0) + 1, by };
                return round % 10 === 0 ? Promise.resolve(next) : next;
              });
            }
          },
          cache.name,
          i,
        ),
      ),
    );
    expect(cache.get('k')).toEqual({ n: THREADS * 100, by: Array(THREADS).fill(100) });
    await expectEmpty(cache);
  });

  it('an update sees what was written past it: whoever was told that he wrote is not overwritten unseen', async () => {
    const cache = await create<number[]>();
    const other = thread();
    const added = await other.run(async ({ SharedCache, state }, name) => {
      const cache = await SharedCache.attach<number[]>(name);
      Object.assign(state, { cache });
      return (await cache.set('k', [])) ? 1 : 0;
    }, cache.name);
    expect(added).toBe(1);
    let calls = 0;
    const answer = await cache.update('k', async (old) => {
      calls++;
      // The first time somebody writes, the second time somebody removes, while the new value is being made.
      if (calls === 1) await other.run(async ({ state }) => (state['cache' as never] as typeof cache).set('k', [7]));
      if (calls === 2) await other.run(async ({ state }) => (state['cache' as never] as typeof cache).delete('k'));
      return [...(old ?? [0]), calls];
    });
    expect(answer).toEqual([0, 3]);
    expect(cache.get('k')).toEqual([0, 3]);
  });

  it('a thread that leaves while it waits for its turn is told at once, and holds up nobody', async () => {
    const cache = await create<number>();
    let end: () => void = () => undefined;
    const first = cache.transaction(() => new Promise<void>((resolve) => (end = () => resolve())));
    const other = thread();
    const told = other.run(async ({ SharedCache }, name) => {
      const cache = await SharedCache.attach<number>(name);
      const waiting = cache.transaction(() => 1).catch((error: Error) => error.name);
      const updating = cache
        .update('k', () => new Promise<number>(() => undefined))
        .catch((error: Error) => error.name);
      const updatingToo = cache.update('k', () => 1).catch((error: Error) => error.name);
      await new Promise((resolve) => setTimeout(resolve, 50));
      await cache.close();
      return Promise.all([waiting, updating, updatingToo]);
    }, cache.name);
    // The first is still running.
    expect(await told).toEqual(Array(3).fill('CacheClosedError'));
    end();
    await first;
    expect(await cache.transaction(() => 2)).toBe(2);
    expect(await cache.update('k', () => 3)).toBe(3);
  });

  it('one thread takes a value, and the others get nothing', { timeout: 60_000 }, async () => {
    const cache = await create<string>();
    const keys = Array.from({ length: 200 }, (_, i) => `k${i}`);
    expect(await cache.setMany(keys.map((key) => [key, `value of ${key}`]))).toBe(keys.length);
    const others = Array.from({ length: THREADS }, () => thread());
    const taken = await Promise.all(
      others.map((one) =>
        one.run(
          async ({ SharedCache }, name, keys) => {
            const cache = await SharedCache.attach<string>(name);
            const got: string[] = [];
            const values = await Promise.all(keys.map((key) => cache.take(key)));
            values.forEach((value, i) => {
              if (value !== undefined) got.push(`${keys[i]} ${value}`);
            });
            return got;
          },
          cache.name,
          keys,
        ),
      ),
    );
    expect(taken.flat().sort()).toEqual(keys.map((key) => `${key} value of ${key}`).sort());
    expect(cache.size).toBe(0);
    const { hits, misses, deletes } = cache.stats.snapshot();
    expect([hits, misses, deletes]).toEqual([200, (THREADS - 1) * 200, 200]);
    await expectEmpty(cache);
  });

  it('money moves between accounts and none is made, seen from everywhere at any time', {
    timeout: 60_000,
  }, async () => {
    const cache = await create<number>();
    const accounts = Array.from({ length: 8 }, (_, i) => `account ${i}`);
    await cache.setMany(accounts.map((key) => [key, 100]));
    const others = Array.from({ length: THREADS }, () => thread());
    const watching = others[0]!.run(
      async ({ SharedCache }, name, accounts) => {
        const cache = await SharedCache.attach<number>(name);
        const sums = new Set<number>();
        let looks = 0;
        while (cache.peek('done') === undefined) {
          const seen = cache.getMany(accounts);
          sums.add(seen.size === accounts.length ? [...seen.values()].reduce((a, b) => a + b) : -seen.size);
          if (++looks % 64 === 0) await new Promise(setImmediate);
        }
        return { sums: [...sums], looks };
      },
      cache.name,
      accounts,
    );
    const move = async (
      { SharedCache }: { SharedCache: typeof import('cachalot').SharedCache },
      name: string,
      accounts: string[],
      seed: number,
    ): Promise<number> => {
      const cache = await SharedCache.attach<number>(name);
      let state = seed;
      const random = (n: number) => {
        state = (state * 1103515245 + 12345) % 2 ** 31;
        return Math.floor((state / 2 ** 31) * n);
      };
      let failed = 0;
      for (let round = 0; round < 60; round++) {
        const [from, to] = [accounts[random(8)]!, accounts[random(8)]!];
        await cache
          .transaction(async (txn) => {
            const amount = 1 + random(30);
            txn.set(from, txn.get(from)! - amount);
            if (round % 5 === 0) await new Promise(setImmediate);
            if (txn.get(from)! < 0) throw new Error('overdrawn');
            txn.set(to, txn.get(to)! + amount);
          })
          .catch((error: Error) => {
            if (error.message !== 'overdrawn') throw error;
            failed++;
          });
      }
      return failed;
    };
    await Promise.all(others.slice(1).map((one, i) => one.run(move, cache.name, accounts, i + 1)));
    await cache.set('done', 1);
    const { sums, looks } = await watching;
    expect(sums).toEqual([800]);
    expect(looks).toBeGreaterThan(100);
    expect([...cache.getMany(accounts).values()].reduce((a, b) => a + b)).toBe(800);
    await expectEmpty(cache);
  });
});

describe('a thread that is terminated', () => {
  it('inside its transaction: nothing of it is there, and the next goes on', async () => {
    const cache = await create<string>();
    await cache.set('a', 'old');
    const dying = thread();
    const inside = dying.run(async ({ SharedCache, state }, name) => {
      const one = await SharedCache.attach<string>(name);
      await new Promise<void>((resolve) => {
        const running = one.transaction((txn) => {
          txn.set('a', 'of the dead');
          txn.set('b', 'of the dead');
          resolve();
          return new Promise(() => undefined);
        });
        Object.assign(state, { running });
      });
    }, cache.name);
    await inside;
    const next = cache.transaction((txn) => {
      const seen = [txn.get('a'), txn.get('b')];
      txn.set('b', 'next');
      return seen;
    });
    const update = cache.update('c', (old) => `${old}, updated`);
    await dying.end();
    expect(await next).toEqual(['old', undefined]);
    expect(await update).toBe('undefined, updated');
    expect([...cache.getMany(['a', 'b'])]).toEqual([
      ['a', 'old'],
      ['b', 'next'],
    ]);
    await expectEmpty(cache);
  });

  it('at any time in transactions, updates and takes: they are done or not, and nobody hangs', {
    timeout: 60_000,
  }, async () => {
    const cache = await create<number>();
    const pairs = ['left', 'right'];
    await cache.setMany(pairs.map((key) => [key, 0]));
    for (let round = 0; round < 12; round++) {
      const dying = thread();
      const working = dying.run(async ({ SharedCache }, name) => {
        const one = await SharedCache.attach<number>(name);
        for (;;) {
          await one.transaction((txn) => {
            const n = txn.get('left')! + 1;
            txn.set('left', n);
            txn.set('right', n);
          });
          await one.update('count', (old) => (old ?? 0) + 1);
          await one.set('bait', 1);
          await one.take('bait');
        }
      }, cache.name);
      working.catch(() => undefined);
      const before = cache.get('left')!;
      await until(() => cache.get('left')! > before + round);
      await dying.end();
      const seen = await cache.transaction((txn) => [txn.get('left'), txn.get('right')]);
      expect(seen[0]).toBe(seen[1]);
      expect(await cache.update('count', (old) => old ?? 0)).toBeGreaterThanOrEqual(0);
      await cache.take('bait');
    }
    await expectEmpty(cache);
  });

  it('while it waits for its turn: those behind it go on', async () => {
    const cache = await create<number>();
    const dying = thread();
    let end = (): void => {};
    const first = cache.transaction(
      (txn) =>
        new Promise<void>((resolve) => {
          txn.set('a', 1);
          end = resolve;
        }),
    );
    const waiting = dying.run(async ({ SharedCache }, name) => {
      const one = await SharedCache.attach<number>(name);
      await one.transaction((txn) => txn.set('b', 1));
    }, cache.name);
    waiting.catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 100));
    const third = cache.transaction((txn) => [txn.get('a'), txn.get('b')]);
    await dying.end();
    end();
    await first;
    expect(await third).toEqual([1, undefined]);
    await expectEmpty(cache);
  });

  it('in a loop without an end: its deadline passes, what it commits is refused', async () => {
    const cache = await create<number>();
    const stuck = thread();
    const held = stuck.run(async ({ SharedCache }, name) => {
      const one = await SharedCache.attach<number>(name);
      return one
        .transaction(
          (txn) => {
            txn.set('a', 1);
            const until = Date.now() + 400;
            while (Date.now() < until);
          },
          { timeout: 100 },
        )
        .then(
          () => 'stored',
          (error: Error & { code: string }) => error.code,
        );
    }, cache.name);
    await new Promise((resolve) => setTimeout(resolve, 80));
    expect(await cache.transaction((txn) => txn.get('a') ?? 'nothing')).toBe('nothing');
    expect(await held).toBe('ERR_CACHE_TIMEOUT');
    expect(cache.get('a')).toBeUndefined();
    await expectEmpty(cache);
  });
});
