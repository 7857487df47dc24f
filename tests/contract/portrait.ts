import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';

interface Shown {
  set(key: string, value: unknown): unknown;
  readonly name: string;
  readonly bytes: number;
  readonly maxBytes: number;
}

/** What logs tell of a cache of either kind. */
export function portraitContract(kind: string, create: () => Promise<Shown>): void {
  describe(`${kind}: in a log`, () => {
    it('is its name and how full it is, and nothing of what it holds', async () => {
      const cache = await create();
      await cache.set('key', { secret: 'hunter2', photo: new Uint8Array(10_000) });
      const { name, bytes, maxBytes } = cache;
      expect(JSON.parse(JSON.stringify({ cache }))).toEqual({ cache: { name, size: 1, bytes, maxBytes } });
      const text = inspect({ cache });
      expect(text).toContain(kind);
      expect(text).toContain(`name: '${name}'`);
      expect(text).not.toContain('hunter2');
      expect(text.length).toBeLessThan(200);
    });
  });
}
