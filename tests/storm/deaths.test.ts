import { once } from 'node:events';
import { MessageChannel, Worker } from 'node:worker_threads';
import { SharedCache } from 'cachalot';
import { expect, it } from 'vitest';

it('a thread that dies with the one that had created it leaves nothing behind', async () => {
  const cache = await SharedCache.create<Uint8Array>({ name: 'nested', maxBytes: '1MiB' });
  await cache.set('a', new Uint8Array(1000));
  const { port1, port2 } = new MessageChannel();
  const worker = new Worker(new URL('./fixtures/nested.worker.mjs', import.meta.url), {
    workerData: { handle: cache.handle, port: port2, depth: 1 },
    transferList: [port2],
  });
  await once(port1, 'message');
  await cache.delete('a');
  const holdings = () => {
    const { bytes, pinnedBytes, reservedBytes } = cache.stats.snapshot();
    return { bytes, pinned: pinnedBytes > 0, reserved: reservedBytes > 0 };
  };
  expect(holdings()).toEqual({ bytes: 0, pinned: true, reserved: true });
  await worker.terminate();
  await expect.poll(holdings, { timeout: 10_000 }).toEqual({ bytes: 0, pinned: false, reserved: false });
  port1.close();
  await cache.close();
});

it('more small writes at once than there are slots wait for one another', async () => {
  const cache = await SharedCache.create<number>({
    name: 'slots',
    maxBytes: '1MiB',
    maxEntries: 100,
    reserveTimeout: '20s',
  });
  const keys = Array.from({ length: 3000 }, (_, i) => `key ${i}`);
  const stored = await Promise.all(keys.map((key, i) => cache.set(key, i)));
  expect(stored.every(Boolean)).toBe(true);
  expect(cache.size).toBeLessThanOrEqual(100);
  expect(keys.filter((key, i) => cache.get(key) === i)).toHaveLength(cache.size);
  await cache.clear();
  expect(cache.stats.snapshot()).toMatchObject({ bytes: 0, reservedBytes: 0, pinnedBytes: 0 });
  await cache.close();
});
