import type { SharedCache } from 'cachalot';
import { expect, it } from 'vitest';
import { create, expectEmpty, type Thread, thread, until } from './support/threads.js';

const THREADS = 64;

it(`${THREADS} threads read, write, load and lease one cache at once, and may go while it is busy`, async () => {
  const cache = await create<{ from: number; bytes: Uint8Array }>({ maxBytes: '4MiB' });
  const runs = new Int32Array(new SharedArrayBuffer(8));
  const work = (one: Thread, number: number) =>
    one.run(
      async ({ SharedCache, state }, name, number, runs) => {
        const attached = await SharedCache.attach<{ from: number; bytes: Uint8Array }>(name, { timeout: '1m' });
        Object.assign(state, { attached });
        const loaded = await attached.getOrSet('one for all', async () => {
          Atomics.add(runs, 0, 1);
          return { from: -1, bytes: new Uint8Array(1000).fill(99) };
        });
        await attached.set(`of ${number}`, { from: number, bytes: new Uint8Array(5000).fill(number) });
        const lease = attached.acquire(`of ${number}`);
        const seen = lease?.value.bytes.every((byte) => byte === number);
        lease?.release();
        Atomics.add(runs, 1, 1);
        return [loaded?.bytes[0], seen];
      },
      cache.name,
      number,
      runs,
    );
  const threads = Array.from({ length: THREADS }, () => thread());
  const results = await Promise.all(threads.map(work));
  expect(results).toEqual(threads.map(() => [99, true]));
  expect([...runs]).toEqual([1, THREADS]);
  expect(cache.size).toBe(THREADS + 1);
  for (let number = 0; number < THREADS; number++) {
    const value = cache.get(`of ${number}`);
    expect([value?.from, value?.bytes.every((byte) => byte === number)]).toEqual([number, true]);
  }
  // All of them hold a lease and write without end: half of them end, then the cache does.
  for (const one of threads) {
    void one
      .run(async ({ state }) => {
        const { attached } = state as { attached?: SharedCache<unknown> };
        const lease = attached?.acquire('one for all');
        for (let i = 0; lease; i++) await attached?.set(`busy ${i % 50}`, new Uint8Array(3000).fill(i));
      })
      .catch(() => undefined);
  }
  await until(() => cache.has('busy 49'));
  await Promise.all(threads.splice(0, THREADS / 2).map((one) => one.end()));
  await cache.set('still', { from: 1, bytes: new Uint8Array(1) });
  expect(cache.get('still')?.from).toBe(1);
  await cache.close();
  const again = await create<number>({ name: cache.name, maxBytes: '4MiB' });
  await again.set('k', 1);
  expect(
    await threads[0]!.run(
      async ({ SharedCache }, name) => (await SharedCache.attach(name, { timeout: '1m' })).get('k'),
      cache.name,
    ),
  ).toBe(1);
  await expectEmpty(again);
}, 240_000);
