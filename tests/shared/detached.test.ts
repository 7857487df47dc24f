import { SharedCache } from 'cachalot';
import { describe, expect, it } from 'vitest';

describe('a value whose buffer is detached while it is copied', () => {
  it('is refused, and what its block held before is not shown', async () => {
    await using cache = await SharedCache.create<Uint8Array>({ name: 'detached', maxBytes: '256MiB' });
    const large = new Uint8Array(64 * 2 ** 20).fill(1);
    const writing = cache.set('large', large);
    setImmediate(() => structuredClone(large.buffer, { transfer: [large.buffer] }));
    await expect(writing).rejects.toThrow(/one was detached meanwhile/);
    expect(cache.has('large')).toBe(false);
    expect(cache.stats.snapshot().reservedBytes).toBe(0);
  });
});
