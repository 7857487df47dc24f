import { mkdtempSync, openSync, readSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { CacheConfigError } from '../../src/common/error.js';
import { checkPlausible } from '../../src/trace/plausible.js';
import { openTrace, type TraceFormat } from '../../src/trace/trace.js';
import { runCli } from '../cli/run-cli.js';

const folder = mkdtempSync(join(tmpdir(), 'cachalot-plausible-'));
afterAll(() => rmSync(folder, { recursive: true }));

function write(name: string, bytes: Uint8Array | string): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

/** How many requests a file has. */
async function countOf(path: string, format?: TraceFormat): Promise<number> {
  let count = 0;
  for await (const { length } of openTrace(path, { format }).batches) count += length;
  return count;
}

const words = (...of: number[]) => Buffer.from(Uint32Array.from(of).buffer);
const many = (count: number, record: (i: number) => number[]) =>
  words(...Array.from({ length: count }, (_, i) => record(i)).flat());
/** Without a repetition, as what is packed. */
const noise = (i: number) => Math.imul(i + 1, 2_654_435_761) >>> 0;
const startingAs = (head: string, length = 4096) =>
  Buffer.concat([Buffer.from(head, 'latin1'), many(length / 8, (i) => [i, 1])]);

/** A program of this machine: ELF, Mach-O or PE. */
function program(): Buffer {
  const bytes = Buffer.alloc(64 * 1024);
  readSync(openSync(process.execPath, 'r'), bytes, 0, bytes.length, 0);
  return bytes;
}

describe('a file that is no trace is refused by what it looks like', () => {
  it.each<[string, Buffer, RegExp]>([
    ['an image', startingAs('\x89PNG\r\n\x1a\n'), /this is a PNG image/],
    ['a photo', startingAs('\xff\xd8\xff\xe0'), /this is a JPEG image/],
    ['a video', startingAs('\0\0\0\x20ftypisom'), /this is a video/],
    ['a ZIP archive', startingAs('PK\x03\x04'), /this is a ZIP archive/],
    ['a tar archive', Buffer.concat([Buffer.alloc(257, 'n'), startingAs('ustar')]), /tar archive: unpack it first/],
    ['zstd', startingAs('\x28\xb5\x2f\xfd'), /this is packed with zstd: unpack it first/],
    ['a database', startingAs('SQLite format 3\0'), /this is an SQLite database/],
    ['a snapshot', startingAs('\x89CACH\r\n\x1a'), /this is a snapshot of a cache/],
    ['a program', program(), /this is (a program|something else)/],
    ['text in UTF-16', Buffer.from('\ufeffkey,size\r\na,1\r\n', 'utf16le'), /this is text in UTF-16/],
    ['pixels', Buffer.alloc(8000, 0x80), /it has the bytes of no text/],
    ['floats', Buffer.from(Float32Array.from({ length: 999 }, (_, i) => i / 7).buffer), /more than 256 MiB/],
    ['what is packed', many(512, (i) => [noise(i), noise(i + 9999)]), /more than 256 MiB/],
    ['numbers of 8 bytes', many(512, (i) => [i, 0]), /most of its objects would have no bytes/],
    ['zeros', Buffer.alloc(8192), /most of its objects would have no bytes/],
    [
      'oracleGeneral',
      many(500, (i) => [i, noise(i), 0, 4096, i % 2 ? i + 5 : -1, i % 2 ? 0 : -1]),
      /24 bytes.*oracleG/,
    ],
    ['what is neither text nor has a zero', Buffer.alloc(4096, 'ab\x01\x02'), /it has the bytes of no text/],
  ])('%s', async (name, bytes, message) => {
    for (const packed of [bytes, gzipSync(bytes)]) {
      const refused = countOf(write(name, packed));
      await expect(refused).rejects.toThrow(CacheConfigError);
      await expect(refused).rejects.toThrow(message);
    }
    expect(await countOf(write(name, bytes.subarray(0, 800)), 'binary')).toBe(
      Math.floor(Math.min(800, bytes.length) / 8),
    );
  });

  it('with its name, what was expected, and what to do, by exit code 1', async () => {
    const path = write('whale.jpg', startingAs('\xff\xd8\xff\xe0\0\0\0\0'));
    const { code, stderr, stdout } = await runCli(['simulate', path]);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain(
      `${path}: expected a trace: records of 8 bytes, CSV, JSON lines, or an access log; this is a JPEG image. If it is one, say which: --format binary`,
    );
    const trusted = await runCli(['simulate', path, '--format', 'binary', '--max-bytes', '50%', '--policy', 'lru']);
    expect(trusted.code).toBe(0);
  });
});

describe('a trace is read', () => {
  it('whatever its objects and sizes, as long as most are below 256 MiB', () => {
    const size = fc.oneof(fc.integer({ min: 1, max: 2 ** 28 - 1 }), fc.constant(1), fc.constant(0));
    const sizes = fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 2 ** 20 })).map((one) => () => one);
    const id = fc.oneof(fc.integer({ min: 0, max: 0xffff_ffff }), fc.nat(1000));
    fc.assert(
      fc.property(
        fc.array(fc.tuple(id, size), { minLength: 1, maxLength: 512 }),
        sizes,
        fc.boolean(),
        (records, all, isUnit) => {
          const known = records.filter(([, bytes], i) => bytes > 0 || i % 3 === 0);
          const list = known.flatMap(([object, bytes]) => [object, isUnit ? all() : bytes]);
          fc.pre(list.filter((value, i) => i % 2 === 1 && value === 0).length <= list.length / 4);
          checkPlausible(words(...list), true, 'trace');
        },
      ),
      { seed: 20261122, numRuns: 2000 },
    );
  });

  it('if it is short, however large its objects are, or if few of many are', async () => {
    expect(await countOf(write('few', words(0, 0xffff_ffff, 1, 0xffff_ffff)))).toBe(2);
    expect(
      await countOf(
        write(
          'films',
          many(1000, (i) => [i, i % 3 === 0 ? 0xf000_0000 : 1000]),
        ),
      ),
    ).toBe(1000);
  });

  it.each(['RIFFAGE,1\nGIF8,2\n', 'PAR1|2\n', '%PDF-1.7,4\n', 'abcdftyp,1\n'])(
    'as text, though it begins as %j',
    async (text) => {
      expect(await countOf(write('text', text))).toBeGreaterThan(0);
    },
  );

  it('as text in Latin-1, with colours of a terminal, or with form feeds', async () => {
    const text = Buffer.from('\x1b[1mk\xe4se\x1b[0m,1\n\fbrot,2\n', 'latin1');
    expect(await countOf(write('latin', text))).toBe(2);
  });
});
