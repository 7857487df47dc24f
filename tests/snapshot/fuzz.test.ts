import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Cache, CacheError } from '../../src/index.js';
import { contentOfAllKinds } from './support/content.js';
import { testFolder } from './support/folder.js';
import { framesOf, MUTATION_NAMES, mutated, reseal } from './support/mutate.js';

/** `npm run fuzz` sets more of them. */
const FILES = Number(process.env['CACHALOT_FUZZ'] ?? 1500);
const folder = testFolder();

function make(): Cache<string, unknown> {
  return new Cache<string, unknown>({ maxBytes: '16MiB' });
}

async function goodFile(content: [string, unknown][]): Promise<Buffer> {
  const path = folder.path('good');
  const cache = make();
  for (const [key, value] of content) cache.set(key, value, { ttl: '1h', tags: ['all', key] });
  await cache.save(path);
  return readFileSync(path);
}

describe('a damaged or forged file', () => {
  it(`never crashes, hangs or is half-loaded: ${FILES} of them`, async () => {
    const content = contentOfAllKinds();
    // One in 25 with a large value, which does not fit into the window of the reader.
    const [small, large] = [await goodFile(content.slice(0, -1)), await goodFile(content)];
    const path = folder.path('fuzzed');
    const cache = make();
    let [refused, loaded] = [0, 0];
    for (let seed = 1; seed <= FILES; seed++) {
      const good = seed % 25 === 0 ? large : small;
      const { file, how } = mutated(good, seed);
      writeFileSync(path, file);
      cache.clear();
      cache.set('kept', seed);
      const answer = await cache.restore(path).catch((error: unknown) => error);
      const told = `file ${seed} (${how})`;
      if (typeof answer === 'number') {
        loaded++;
        // A forger may have made some stale, or of an end within this very millisecond.
        if (how.includes('reseal')) expect(cache.size, told).toBeLessThanOrEqual(answer);
        else expect([cache.size, file.equals(good)], told).toEqual([answer, true]);
        expect(cache.has('kept'), told).toBe(false);
        for (const [key, value] of cache) expect(value !== undefined && typeof key === 'string', told).toBe(true);
      } else {
        refused++;
        if (!(answer instanceof CacheError)) throw new Error(told, { cause: answer });
        expect(answer.message, told).toMatch(/^restore: .*fuzzed: (damaged at byte \d+|entry \d+ at byte \d+)/);
        expect([...cache.entries()], told).toEqual([['kept', seed]]);
      }
    }
    expect(refused).toBeGreaterThan(FILES / 2);
    expect(loaded).toBeGreaterThan(FILES / 100);
  }, 600_000);

  it('with mended checksums is what it says: nothing was lost in the mending', async () => {
    const good = await goodFile(contentOfAllKinds());
    expect(framesOf(good).length).toBe(contentOfAllKinds().length);
    expect(reseal(Buffer.from(good)).equals(good)).toBe(true);
    expect(MUTATION_NAMES.length).toBe(13);
  });

  it.each([
    ['keys that come twice', (file: Buffer) => duplicated(file), /"bytes" \(string\) has been there before/],
    ['lengths beyond its end', (file: Buffer) => patched(file, 28, 0xffff_ffff), /the file ends after/],
    [
      'parts beyond its end',
      (file: Buffer) => patched(file, 96, 0xffff_ffff),
      /part 0 says that it has 4294967295 bytes/,
    ],
    ['more parts than bytes', (file: Buffer) => patched(file, 32, 0xffff_ffff), /the file ends after/],
  ])('is refused for %s, and says where', async (_name, forge, message) => {
    const path = folder.path('forged');
    writeFileSync(path, forge(await goodFile(contentOfAllKinds().slice(0, 3))));
    await expect(make().restore(path)).rejects.toThrow(message);
    await expect(make().restore(path)).rejects.toThrow(/damaged at byte \d+: entry \d+/);
  });

  it('is refused where a single bit is wrong, anywhere', async () => {
    const path = folder.path('bit');
    const good = await goodFile(contentOfAllKinds().slice(0, 2));
    const cache = make();
    for (let at = 0; at < good.length; at += 1) {
      const file = Buffer.from(good);
      file[at]! ^= 1 << (at % 8);
      writeFileSync(path, file);
      await expect(cache.restore(path), `byte ${at}`).rejects.toThrow(/damaged at byte/);
    }
  });

  it('that nests deeply is refused, or read', async () => {
    const path = folder.path('deep');
    const cache = make();
    let deep: unknown = [];
    for (let i = 0; i < 500; i++) deep = [deep];
    cache.set('deep', deep);
    await cache.save(path);
    expect(await cache.restore(path)).toBe(1);
    const file = readFileSync(path);
    const nested = nestedForgery(file, 2_000_000);
    writeFileSync(path, nested);
    await expect(cache.restore(path)).rejects.toBeInstanceOf(CacheError);
    expect(cache.size).toBe(1);
  });
});

/** The first entry once more, as another number. */
function duplicated(file: Buffer): Buffer {
  const { start, end } = framesOf(file)[0]!;
  return reseal(Buffer.concat([file.subarray(0, end), file.subarray(start, end), file.subarray(end)]));
}

/** Another number in the head of the second entry, under a checksum that matches as far as it can be made. */
function patched(file: Buffer, field: number, value: number): Buffer {
  const { start } = framesOf(file)[1]!;
  file.writeUInt32LE(value, start + field);
  return reseal(file);
}

/** The skeleton of the only entry, an array in arrays, made of many more of them. */
function nestedForgery(file: Buffer, levels: number): Buffer {
  const { start, parts, end } = framesOf(file)[0]!;
  const skeletonBytes = file.readUInt32LE(start + 28);
  const skeleton = file.subarray(parts - skeletonBytes, parts);
  const header = skeleton.subarray(0, skeleton.indexOf(Buffer.from('A\x01A\x01')));
  const deep = Buffer.concat([
    header,
    Buffer.from('A\x01'.repeat(levels)),
    Buffer.from('A\0$\0\0'),
    Buffer.from('$\0\x01'.repeat(levels)),
  ]);
  file.writeUInt32LE(deep.length, start + 28);
  return reseal(
    Buffer.concat([file.subarray(0, parts - skeletonBytes), deep, file.subarray(parts, end), file.subarray(end)]),
  );
}
