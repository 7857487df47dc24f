import zlib from 'node:zlib';
import {
  ENTRY_MARK,
  FOOTER,
  FOOTER_BYTES,
  FOOTER_MARK,
  HEAD,
  HEAD_BYTES,
  HEADER,
  HEADER_BYTES,
} from '../../../src/snapshot/format.js';
import { randomFrom } from '../../support/random.mjs';

interface FrameAt {
  start: number;
  meta: number;
  parts: number;
  end: number;
}

/** Where the parts of an entry begin, if there is an entry whose head and meta lie within the file. */
function partsAt(file: Buffer, start: number): number | undefined {
  if (start + HEAD_BYTES > file.length || file.readUInt32LE(start) !== ENTRY_MARK) return undefined;
  let parts = start + HEAD_BYTES + 4 * file.readUInt32LE(start + HEAD.parts);
  for (const field of [HEAD.keyBytes, HEAD.namespaceBytes, HEAD.tagBytes, HEAD.skeletonBytes]) {
    parts += file.readUInt32LE(start + field);
  }
  return parts + 4 <= file.length ? parts : undefined;
}

/** Where entries lie, as far as their lengths can be believed. */
export function framesOf(file: Buffer): FrameAt[] {
  const frames: FrameAt[] = [];
  let start = HEADER_BYTES;
  for (let parts = partsAt(file, start); parts !== undefined; parts = partsAt(file, start)) {
    let end = parts + 4;
    for (let i = file.readUInt32LE(start + HEAD.parts); i > 0; i--) {
      end += file.readUInt32LE(start + HEAD_BYTES + 4 * (i - 1));
    }
    if (end > file.length) break;
    frames.push({ start, meta: start + HEAD_BYTES, parts, end });
    start = end;
  }
  return frames;
}

/** Makes every checksum, number and sum match what is there: what a forger would do. */
export function reseal(file: Buffer): Buffer {
  if (file.length < HEADER_BYTES + FOOTER_BYTES) return file;
  file.writeUInt32LE(zlib.crc32(file.subarray(0, HEADER.crc)), HEADER.crc);
  const id = file.readUInt32LE(HEADER.id);
  const frames = framesOf(file);
  let sum = 0;
  for (const [number, { start, parts, end }] of frames.entries()) {
    file.writeUInt32LE(number, start + HEAD.number);
    const crc = zlib.crc32(file.subarray(start + HEAD.number, parts), id);
    file.writeUInt32LE(crc, start + HEAD.crc);
    file.writeUInt32LE(zlib.crc32(file.subarray(parts, end - 4), crc), end - 4);
    sum = zlib.crc32(file.subarray(end - 4, end), sum);
  }
  // One that says that it is longer than the file can at least have the right head.
  const next = frames.at(-1)?.end ?? HEADER_BYTES;
  const parts = partsAt(file, next);
  if (parts !== undefined) {
    file.writeUInt32LE(frames.length, next + HEAD.number);
    file.writeUInt32LE(zlib.crc32(file.subarray(next + HEAD.number, parts), id), next + HEAD.crc);
  }
  const footer = file.subarray(-FOOTER_BYTES);
  footer.writeUInt32LE(FOOTER_MARK, FOOTER.mark);
  footer.writeDoubleLE(frames.length, FOOTER.entries);
  footer.writeDoubleLE(file.length, FOOTER.bytes);
  footer.writeUInt32LE(sum, FOOTER.sum);
  footer.writeUInt32LE(zlib.crc32(footer.subarray(FOOTER.entries), id), FOOTER.crc);
  return file;
}

const EXTREMES = [0, 1, 3, 0x7f, 0xff, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_fff0, 0xffff_ffff];
const DOUBLES = [0, -1, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e308, 5e-324, 2 ** 53, 0.5];

type Mutation = (file: Buffer, random: (n: number) => number) => Buffer;

/** Each makes a copy. */
const MUTATIONS: Record<string, Mutation> = {
  truncate: (file, random) => file.subarray(0, random(file.length)),
  append: (file, random) => Buffer.concat([file, Buffer.alloc(1 + random(200), random(256))]),
  flip: (file, random) => {
    for (let n = 1 + random(4); n > 0; n--) file[random(file.length)]! ^= 1 << random(8);
    return file;
  },
  overwrite: (file, random) => {
    const at = random(file.length);
    for (let i = at; i < Math.min(file.length, at + 1 + random(64)); i++) file[i] = random(256);
    return file;
  },
  zero: (file, random) => {
    const at = random(file.length);
    return file.fill(0, at, Math.min(file.length, at + 1 + random(4096)));
  },
  splice: (file, random) => {
    const from = random(file.length);
    file.copyWithin(random(file.length), from, from + 1 + random(300));
    return file;
  },
  cut: (file, random) => {
    const at = random(file.length);
    return Buffer.concat([file.subarray(0, at), file.subarray(at + 1 + random(500))]);
  },
  duplicate: (file, random) => {
    const frames = framesOf(file);
    const { start, end } = frames[random(frames.length)]!;
    const at = frames[random(frames.length)]!.start;
    return Buffer.concat([file.subarray(0, at), file.subarray(start, end), file.subarray(at)]);
  },
  drop: (file, random) => {
    const frames = framesOf(file);
    const { start, end } = frames[random(frames.length)]!;
    return Buffer.concat([file.subarray(0, start), file.subarray(end)]);
  },
  swap: (file, random) => {
    const frames = framesOf(file);
    const first = frames[random(frames.length - 1)]!;
    const { end } = frames[framesOf(file.subarray(0, first.end)).length]!;
    return Buffer.concat([
      file.subarray(0, first.start),
      file.subarray(first.end, end),
      file.subarray(first.start, first.end),
      file.subarray(end),
    ]);
  },
  length: (file, random) => {
    const frames = framesOf(file);
    const { start, meta } = frames[random(frames.length)]!;
    const fields = [HEAD.keyKind, HEAD.keyBytes, HEAD.namespaceBytes, HEAD.tagBytes, HEAD.skeletonBytes, HEAD.parts];
    const at = random(8) === 0 ? meta : start + fields[random(fields.length)]!;
    const value = random(2) === 0 ? EXTREMES[random(EXTREMES.length)]! : (file.readUInt32LE(at) + random(9) - 4) >>> 0;
    file.writeUInt32LE(value, at);
    return file;
  },
  term: (file, random) => {
    const frames = framesOf(file);
    const { start } = frames[random(frames.length)]!;
    const fields = [HEAD.size, HEAD.cost, HEAD.ttl, HEAD.idleTtl, HEAD.grace, HEAD.age, HEAD.left];
    file.writeDoubleLE(DOUBLES[random(DOUBLES.length)]!, start + fields[random(fields.length)]!);
    return file;
  },
  meta: (file, random) => {
    const frames = framesOf(file);
    const { meta, parts } = frames[random(frames.length)]!;
    for (let n = 1 + random(6); n > 0; n--) file[meta + random(parts - meta)] = random(256);
    return file;
  },
};

export const MUTATION_NAMES = Object.keys(MUTATIONS);

/** The n-th file of a seed: a good one changed in one to three ways, with its checksums mended or not. */
export function mutated(good: Buffer, seed: number): { file: Buffer; how: string } {
  const next = randomFrom(seed);
  const random = (n: number) => Math.floor(next() * n);
  let file: Buffer = Buffer.from(good);
  const how: string[] = [];
  for (let n = 1 + random(3); n > 0 && framesOf(file).length > 1; n--) {
    const name = MUTATION_NAMES[random(MUTATION_NAMES.length)]!;
    file = Buffer.from(MUTATIONS[name]!(file, random));
    how.push(name);
  }
  if (random(2) === 0) {
    reseal(file);
    how.push('reseal');
  }
  return { file, how: how.join(', ') };
}
