import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { readBinary } from '../../src/trace/binary.js';
import { openTrace, type Trace } from '../../src/trace/trace.js';

const folder = mkdtempSync(join(tmpdir(), 'cachalot-trace-'));
afterAll(() => rmSync(folder, { recursive: true }));

function records(...pairs: readonly [number, number][]): Buffer {
  const bytes = Buffer.alloc(pairs.length * 8);
  pairs.forEach(([id, size], i) => {
    bytes.writeUInt32LE(id, i * 8);
    bytes.writeUInt32LE(size, i * 8 + 4);
  });
  return bytes;
}

async function listOf(batches: Trace['batches']): Promise<[number, number][]> {
  const list: [number, number][] = [];
  for await (const { ids, sizes, length } of batches) {
    for (let i = 0; i < length; i++) list.push([ids[i]!, sizes[i]!]);
  }
  return list;
}

function write(name: string, bytes: Buffer): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

const MANY = Array.from({ length: 50_000 }, (_, i): [number, number] => [(i * 7919) % 10_007, i % 4096]);

describe('the binary format', () => {
  it('is read, with ids made dense in the order of their coming', async () => {
    const path = write('few.bin', records([7, 100], [4_294_967_295, 4_294_967_295], [7, 100]));
    expect(await listOf(openTrace(path).batches)).toEqual([
      [0, 100],
      [1, 4_294_967_295],
      [0, 100],
    ]);
  });

  it('is read packed and plain, and cut into pieces of any length', async () => {
    const bytes = records(...MANY);
    const plain = await listOf(openTrace(write('many.bin', bytes)).batches);
    expect(plain.length).toBe(50_000);
    expect(plain.map(([, size]) => size)).toEqual(MANY.map(([, size]) => size));
    // Its name does not say what it is.
    expect(await listOf(openTrace(write('packed.bin', gzipSync(bytes))).batches)).toEqual(plain);
    for (const step of [1, 7, 64]) {
      async function* chunks() {
        for (let at = 0; at < 800; at += step) yield bytes.subarray(at, Math.min(800, at + step));
      }
      const source = { name: 'pieces', position: 0, chunks: chunks() };
      expect(await listOf(readBinary(source))).toEqual(plain.slice(0, 100));
    }
  });

  it('may be empty', async () => {
    expect(await listOf(openTrace(write('empty.bin', Buffer.alloc(0))).batches)).toEqual([]);
  });

  it('tells where it ends within a record', async () => {
    const path = write('short.bin', records([1, 1], [2, 2]).subarray(0, 13));
    await expect(listOf(openTrace(path).batches)).rejects.toThrow(
      `${path}: offset 8: expected a record of 8 bytes; got 5`,
    );
  });

  it('tells of damaged and of cut gzip', async () => {
    const packed = gzipSync(records(...MANY));
    const cut = write('cut.bin.gz', packed.subarray(0, packed.length - 100));
    await expect(listOf(openTrace(cut).batches)).rejects.toThrow(
      /cut\.bin\.gz: expected gzip; it is damaged after \d+/,
    );
    const damaged = Buffer.from(packed).fill(0xff, packed.length >> 1, (packed.length >> 1) + 200);
    await expect(listOf(openTrace(write('bad.bin.gz', damaged)).batches)).rejects.toThrow(/bad\.bin\.gz: .*damaged/);
  });

  it('tells of files that cannot be read', async () => {
    const path = join(folder, 'nowhere.bin');
    await expect(listOf(openTrace(path).batches)).rejects.toThrow(`${path}: expected a file that can be read`);
    await expect(listOf(openTrace(folder).batches)).rejects.toThrow(/EISDIR/);
  });
});
