import { readFileSync, writeFileSync } from 'node:fs';
import { Cache, CacheCorruptionError, SharedCache } from 'cachalot';
import { describe, expect, it } from 'vitest';
import { testFolder } from './support/folder.js';
import { framesOf, reseal } from './support/mutate.js';

const folder = testFolder();

/** Header, no buffers, and what V8's stream begins with. */
const GRAPH = Buffer.of(1, 3, Number.parseInt(process.versions.node, 10), 0, 0, 0, 0, 0, 0xff);

/** As if the value with that number had been written by that version of Node, in a form that is not known here. */
function byLaterNode(file: Buffer, number: number, major: number): Buffer {
  const { start, parts } = framesOf(file)[number]!;
  const skeleton = start + file.subarray(start, parts).indexOf(GRAPH);
  expect(skeleton).toBeGreaterThan(start);
  file[skeleton + 2] = major;
  file[skeleton + GRAPH.length] = 0x7f;
  return reseal(file);
}

describe('a file with values of a Node to come', () => {
  it.each(['Cache', 'SharedCache'])('is restored without them: %s', async (kind) => {
    const maxBytes = '1MiB';
    const path = folder.path(kind);
    const cache =
      kind === 'Cache'
        ? new Cache<string, unknown>({ maxBytes, policy: 'fifo' })
        : await SharedCache.create({ name: kind, maxBytes, policy: 'fifo' });
    for (const [key, value] of Object.entries({ first: 1, strange: new Set(['x']), last: { deep: [1] } })) {
      await cache.set(key, value);
    }
    await cache.save(path);
    const good = readFileSync(path);
    writeFileSync(path, byLaterNode(Buffer.from(good), 1, 99));
    expect(await cache.restore(path)).toBe(2);
    expect([cache.get('first'), cache.get('strange'), cache.get('last')]).toEqual([1, undefined, { deep: [1] }]);
    expect([...cache.keys()].sort()).toEqual(['first', 'last']);
    // What this very version cannot read is damaged.
    writeFileSync(path, byLaterNode(Buffer.from(good), 1, GRAPH[2]!));
    await expect(cache.restore(path)).rejects.toThrow(CacheCorruptionError);
    expect(cache.get('first')).toBe(1);
    await cache.close();
  });
});
