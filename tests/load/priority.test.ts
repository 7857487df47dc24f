import { MessageChannel } from 'node:worker_threads';
import { CacheConfigError, SharedCache, type SharedCacheOptions } from 'cachalot';
import fc from 'fast-check';
import { Piscina } from 'piscina';
import { afterEach, describe, expect, it } from 'vitest';
import { PriorityQueue } from '../../src/load/queue.js';
import { thread, until } from '../shared/support/threads.js';

const loaders = { many: new URL('./fixtures/many.loader.mjs', import.meta.url) };
const open: { close(): Promise<void> }[] = [];
let count = 0;

async function create(options: Partial<SharedCacheOptions<unknown>> = {}): Promise<SharedCache<unknown>> {
  const cache = await SharedCache.create<unknown>({
    name: `priority-${count++}`,
    maxBytes: '1MiB',
    loaders,
    pool: { maxThreads: 1 },
    ...options,
  });
  open.unshift(cache);
  return cache;
}

afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

describe('loads with a priority', () => {
  const kinds: [string, () => Partial<SharedCacheOptions<unknown>>][] = [
    ['a pool of the library’s', () => ({})],
    [
      'a pool of one’s own',
      () => {
        const pool = new Piscina({ minThreads: 0, maxThreads: 1 });
        open.unshift(pool);
        return { pool };
      },
    ],
  ];

  it.each(kinds)('go before others, and otherwise in the order in which they came: %s', async (_, options) => {
    const cache = await create(options());
    const log = new Int32Array(new SharedArrayBuffer(64));
    const load = (place: number, rest: object = {}, ms = 0) =>
      cache.load('many', { act: 'order', log, place, ms }, { key: `k${place}`, ...rest });
    const first = load(0, {}, 300);
    // The first has the only thread; the others wait, and the fourth is asked for again by somebody in a hurry.
    const others = [load(1), load(2, { priority: -1 }), load(3, { priority: 5 }), load(4), load(5, { priority: 5 })];
    others.push(load(4, { priority: 9 }), load(5, { priority: 1 }));
    expect(await Promise.all([first, ...others])).toEqual([0, 1, 2, 3, 4, 5, 4, 5]);
    expect([...log.subarray(0, 7)]).toEqual([6, 0, 4, 3, 5, 1, 2]);
  });

  it.each([[Number.NaN], ['high'], [null]])('want a number: %o', async (priority) => {
    const cache = await create();
    const load = cache.load('many', { act: 'echo' }, { priority: priority as never });
    await expect(load).rejects.toThrow(CacheConfigError);
    await expect(cache.fetch('k', { priority: priority as never })).rejects.toThrow(
      /^priority: expected a number; got /,
    );
  });

  it('come with other options, in an object', async () => {
    const cache = await create();
    for (const options of [null, 5]) {
      const load = cache.load('many', { act: 'echo' }, options as never);
      await expect(load).rejects.toThrow(/^options: expected an object; got /);
    }
  });
});

it('a queue is in the order of priorities, and of arrival among equals', () => {
  const step = fc.oneof(
    fc.record({ add: fc.nat(20), priority: fc.integer({ min: -2, max: 2 }) }),
    fc.record({ remove: fc.nat(20) }),
    fc.constant({ take: true }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const queue = new PriorityQueue<number>();
      let model: { item: number; priority: number; at: number }[] = [];
      const best = () => [...model].sort((a, b) => b.priority - a.priority || a.at - b.at)[0]?.item;
      steps.forEach((one, at) => {
        if ('add' in one) {
          model = model.filter(({ item }) => item !== one.add).concat({ item: one.add, priority: one.priority, at });
          queue.add(one.add, one.priority);
        } else if ('remove' in one) {
          expect(queue.delete(one.remove)).toBe(model.some(({ item }) => item === one.remove));
          model = model.filter(({ item }) => item !== one.remove);
        } else {
          const next = queue.first();
          expect(next).toBe(best());
          model = model.filter(({ item }) => item !== next);
          if (next !== undefined) queue.delete(next);
        }
        expect([queue.size, queue.first(), [...queue].sort()]).toEqual([
          model.length,
          best(),
          model.map(({ item }) => item).sort(),
        ]);
      });
    }),
    { seed: 20261121, numRuns: 300 },
  );
});

describe('an input that is handed over', () => {
  const sum = (cache: SharedCache<unknown>, bytes: Uint8Array, transfer: unknown, key = 'k') =>
    cache.load('many', { act: 'sum', bytes }, { key, transfer: transfer as never });

  it('is gone here, and there with the loader', async () => {
    const cache = await create();
    const bytes = new Uint8Array(1000).fill(3);
    const loaded = sum(cache, bytes, true);
    expect(bytes.byteLength).toBe(0);
    expect(await loaded).toBe(3000);
    const listed = new Uint8Array(10).fill(1);
    const more = sum(cache, listed, [listed.buffer], 'listed');
    expect(listed.byteLength).toBe(0);
    expect(await more).toBe(10);
  });

  it('is what Piscina.move has marked', async () => {
    const cache = await create();
    const bytes = new Uint8Array(1000).fill(3);
    await cache.registerLoader('sum', new URL('./fixtures/sum.loader.mjs', import.meta.url));
    const loaded = cache.load('sum', Piscina.move(bytes), { key: 'moved' });
    expect(bytes.byteLength).toBe(0);
    expect(await loaded).toBe(3000);
  });

  it('stays after a hit, and where it is a piece of a buffer', async () => {
    const cache = await create();
    expect(await sum(cache, new Uint8Array(4).fill(1), true)).toBe(4);
    const bytes = new Uint8Array(4).fill(2);
    expect(await sum(cache, bytes, true)).toBe(4);
    expect(bytes.byteLength).toBe(4);
    const piece = new Uint8Array(new ArrayBuffer(100), 10, 4).fill(5);
    expect(await sum(cache, piece, true, 'piece')).toBe(20);
    expect(piece.byteLength).toBe(4);
    expect(await sum(cache, Buffer.from([1, 2]), true, 'pooled')).toBe(3);
  });

  it('may be a port, through threads and to a pool of one’s own', async () => {
    const pool = new Piscina({ minThreads: 0, maxThreads: 1 });
    open.unshift(pool);
    const cache = await create({ pool });
    const { port1, port2 } = new MessageChannel();
    port1.once('message', (question) => port1.postMessage(`${question} that`));
    const answer = cache.load('many', { act: 'ask', port: port2 }, { key: 'port', transfer: [port2] });
    expect(await answer).toBe('what? that');
    const theirs = await thread().run(async ({ SharedCache }, name) => {
      const attached = await SharedCache.attach(name);
      const bytes = new Uint8Array(100).fill(1);
      const loaded = attached.load('many', { act: 'sum', bytes }, { key: 'theirs', transfer: true });
      return [bytes.byteLength, await loaded];
    }, cache.name);
    expect(theirs).toEqual([0, 100]);
  });

  it('is no input for another attempt, and nothing else than a boolean or a list', async () => {
    const cache = await create();
    const bytes = new Uint8Array(10);
    const input = { act: 'sum', bytes };
    const both = cache.load('many', input, { key: 'k', transfer: true, retries: 1 });
    await expect(both).rejects.toThrow(/^transfer: expected no retries beside it/);
    await expect(sum(cache, bytes, 'all')).rejects.toThrow(/^transfer: expected true, or a list .*; got /);
    await expect(sum(cache, bytes, [bytes])).rejects.toThrow();
    expect(bytes.byteLength).toBe(10);
    await until(() => cache.stats.snapshot().reservedBytes === 0);
  });
});
