/**
 * What decoding takes: timed here and now on real data, for sizes from a kibibyte to four mebibytes.
 */

import { brotliCompressSync, brotliDecompressSync, constants, deflateSync, inflateSync } from 'node:zlib';
import { createRandom, type Random } from '../harness/random.js';

/** The times that some decodes of one kind to one size took. */
export interface DecodeTimes {
  /** Bytes that come out. */
  size: number;
  ms: readonly number[];
}

/** Kinds of decode: to each its times by size, ascending. */
export type Decodes = Readonly<Record<string, readonly DecodeTimes[]>>;

const SIZES = [1, 4, 16, 64, 256, 1024, 4096].map((kib) => kib * 1024);
const SMOKE_SIZES = SIZES.slice(0, 3);
const SAMPLES = 9;
/** Decodes before those that count: the code is to be compiled, the buffers warm. */
const WARMUP = 3;
/** What the processor's account says is whole microseconds. */
const LEAST_MS = 1e-3;

const KINDS: Readonly<Record<string, (text: Buffer) => () => unknown>> = {
  brotli: (text) => {
    const packed = brotliCompressSync(text, { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } });
    return () => brotliDecompressSync(packed);
  },
  inflate: (text) => {
    const packed = deflateSync(text);
    return () => inflateSync(packed);
  },
  JSON: (text) => {
    const json = JSON.stringify(text.toString('latin1').match(/.{1,40}/g));
    return () => JSON.parse(json);
  },
};

/** Times real decodes: some seconds. */
export function measureDecodes({ smoke, seed }: { smoke: boolean; seed: number }): Decodes {
  const random = createRandom(seed);
  const sizes = smoke ? SMOKE_SIZES : SIZES;
  return Object.fromEntries(
    Object.entries(KINDS).map(([kind, prepare]) => [
      kind,
      sizes.map((size): DecodeTimes => ({ size, ms: timesOf(prepare(textOf(size, random))) })),
    ]),
  );
}

function timesOf(decode: () => unknown): number[] {
  const ms: number[] = [];
  for (let run = -WARMUP; run < SAMPLES; run++) {
    const start = performance.now();
    const spent = process.cpuUsage();
    const decoded = decode();
    const { user, system } = process.cpuUsage(spent);
    // What other processes on this machine do in between is no part of a decode.
    const took = Math.min(performance.now() - start, Math.max(LEAST_MS, (user + system) / 1000));
    if (decoded === undefined) throw new Error('decodes: expected something decoded');
    if (run >= 0) ms.push(took);
  }
  return ms;
}

/** Text that packs about as well as pages and records do. */
function textOf(size: number, random: Random): Buffer {
  const words = Array.from({ length: 400 }, () => Math.floor(random() * 1e9).toString(36));
  let text = '';
  while (text.length < size) text += `${words[Math.floor(random() ** 2 * words.length)]} `;
  return Buffer.from(text.slice(0, size), 'latin1');
}

/**
 * The load time of each request: an object is always decoded in the same way, which one is drawn once; each load takes one
 * of the times measured for the nearest size, in proportion to its own.
 */
export function loadTimesOf(
  { ids, sizes }: { ids: Uint32Array; sizes: Float64Array },
  decodes: Decodes,
  seed: number,
): Float64Array {
  const random = createRandom(seed);
  const kinds = Object.values(decodes);
  const kindOf = new Map<number, readonly DecodeTimes[]>();
  return Float64Array.from(ids, (id, at) => {
    let kind = kindOf.get(id);
    if (kind === undefined) {
      kind = kinds[Math.floor(random() * kinds.length)]!;
      kindOf.set(id, kind);
    }
    const size = sizes[at]!;
    const near = nearest(kind, size);
    const ms = near.ms[Math.floor(random() * near.ms.length)]!;
    // Below the least size what a decode takes whatever it is about is nearly all.
    return size < near.size && near === kind[0] ? ms : (ms * size) / near.size;
  });
}

function nearest(times: readonly DecodeTimes[], size: number): DecodeTimes {
  const distance = (one: DecodeTimes): number => Math.abs(Math.log(one.size / size));
  return times.reduce((held, one) => (distance(one) < distance(held) ? one : held));
}
