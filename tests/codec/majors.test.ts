import { readdirSync, readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from 'vitest';
import { checkValue, decodeValue, decodeView, encodeValue } from '../../src/codec/index.js';
import { CacheSerializationError } from '../../src/common/error.js';
import { place } from './places.js';
import { samples } from './samples.js';

// What each major of Node has written (see write-fixture.ts), read by this one.

const folder = new URL('./fixtures/', import.meta.url);
const files = readdirSync(folder).sort();
const major = Number.parseInt(process.versions.node, 10);
const expected = samples();

const encoded = (file: string): [string, Uint8Array, Uint8Array[]][] => {
  const entries: string[][] = JSON.parse(readFileSync(new URL(file, folder), 'utf8'));
  return entries.map(([name, ...data]) => {
    const [skeleton, ...parts] = data.map((text) => new Uint8Array(Buffer.from(text, 'base64')));
    return [name!, skeleton!, parts];
  });
};

describe('what another major of Node has written', () => {
  it('was written by 20, 22, 24 and 26', () => {
    expect(files).toEqual(['node-20.json', 'node-22.json', 'node-24.json', 'node-26.json']);
  });

  it.each(files)('is read: %s', (file) => {
    const unread: string[] = [];
    for (const [name, skeleton, parts] of encoded(file)) {
      for (const read of [
        () => decodeValue(skeleton, place(parts), 'copy'),
        () => decodeView(skeleton, place(parts)).value,
        () => decodeView(skeleton, place(parts, 1)).value,
      ]) {
        try {
          expect(isDeepStrictEqual(read(), expected[name]), name).toBe(true);
        } catch (error) {
          // For a cache, a miss.
          if (!(error instanceof CacheSerializationError)) throw error;
          if (!unread.includes(name)) unread.push(name);
        }
      }
      const lengths = parts.map(({ byteLength }) => byteLength);
      if (unread.includes(name)) expect(() => checkValue(skeleton, lengths)).toThrow(CacheSerializationError);
      else checkValue(skeleton, lengths);
    }
    const hasHalves = Number.parseInt(file.slice(5), 10) >= 24;
    expect(unread).toEqual(hasHalves && major < 24 ? ['Float16Array', 'Float16Array, alone'] : []);
  });

  it('says by which version it was written, and refuses what no version has written yet', () => {
    const { skeleton } = encodeValue(new Map());
    expect(skeleton[2]).toBe(major);
    const stream = skeleton.indexOf(0xff);
    skeleton[stream + 1] = 0x7f;
    skeleton[2] = 99;
    expect(() => decodeValue(skeleton, [], 'copy')).toThrow(CacheSerializationError);
    expect(() => decodeValue(skeleton, [], 'copy')).toThrow(/written by Node 99, cannot be read by Node/);
  });
});
