/**
 * Requests to judge eviction by: recorded ones, and seeded ones of a known nature.
 */

import { readFileSync } from 'node:fs';
import { createRandom, type Random, zipfDraws } from '../harness/random.js';

/** One request after the other, as columns. */
export interface Requests {
  ids: Uint32Array;
  /** Bytes of the object as of this request, 1 or more. */
  sizes: Float64Array;
}

/** Where a measured process finds its requests. */
export type Origin = { file: string } | { synthetic: SyntheticName; requests: number; objects: number; seed: number };

interface Shape {
  requests: number;
  objects: number;
  random: Random;
}

const SYNTHETIC = {
  /** Skewed and stable. */
  'Zipf 0.9': ({ requests, objects, random }: Shape) => zipfDraws(objects, 0.9, requests, random),
  /** Every fourth request belongs to a walk through all objects. */
  'scan + Zipf 0.9': scanned,
  /** Round and round: what LRU is worst at. */
  loop: ({ requests, objects }: Shape) =>
    Uint32Array.from({ length: requests }, (_, at) => at % Math.ceil(objects / 4)),
  /** Who is popular changes ten times. */
  'shifting Zipf 0.9': shifting,
  /** As the first, and sizes from 1 KiB to 1 MiB. */
  'sized Zipf 0.9': ({ requests, objects, random }: Shape) => zipfDraws(objects, 0.9, requests, random),
  /** As the second, and sizes from 1 KiB to 1 MiB. */
  'sized scan + Zipf 0.9': scanned,
} as const satisfies Record<string, (shape: Shape) => Uint32Array>;

export type SyntheticName = keyof typeof SYNTHETIC;
export const SYNTHETIC_NAMES = Object.keys(SYNTHETIC) as SyntheticName[];

/** Sizes are spread so that each octave of them has as many objects as the next. */
const LEAST_BYTES = 1 << 10;
const OCTAVES = 10;

export function requestsFrom(origin: Origin): Requests {
  return 'file' in origin ? recorded(origin.file) : synthetic(origin);
}

function recorded(file: string): Requests {
  const bytes = readFileSync(file);
  const columns = new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
  const length = columns.length / 2;
  return {
    ids: Uint32Array.from({ length }, (_, at) => columns[2 * at]!),
    sizes: Float64Array.from({ length }, (_, at) => Math.max(1, columns[2 * at + 1]!)),
  };
}

function synthetic({ synthetic: name, requests, objects, seed }: Extract<Origin, { synthetic: string }>): Requests {
  const random = createRandom(seed);
  const ids = SYNTHETIC[name]({ requests, objects, random });
  if (!name.startsWith('sized')) return { ids, sizes: new Float64Array(requests).fill(1) };
  const bytes = Float64Array.from({ length: objects }, () => Math.round(LEAST_BYTES * 2 ** (OCTAVES * random())));
  return { ids, sizes: Float64Array.from(ids, (id) => bytes[id]!) };
}

function scanned({ requests, objects, random }: Shape): Uint32Array {
  const popular = zipfDraws(objects, 0.9, requests, random);
  let next = 0;
  return popular.map((id) => (random() < 0.25 ? next++ % objects : id));
}

function shifting({ requests, objects, random }: Shape): Uint32Array {
  const phases = 10;
  const each = Math.ceil(requests / phases);
  const ids = new Uint32Array(requests);
  for (let start = 0; start < requests; start += each) {
    ids.set(zipfDraws(objects, 0.9, Math.min(each, requests - start), random), start);
  }
  return ids;
}

/** The sum of the sizes of all objects; of one that changes its size, the largest. */
export function footprintOf({ ids, sizes }: Requests): number {
  const largest = new Map<number, number>();
  for (const [at, id] of ids.entries()) largest.set(id, Math.max(largest.get(id) ?? 0, sizes[at]!));
  let sum = 0;
  for (const size of largest.values()) sum += size;
  return sum;
}

/** Whether objects differ in size: otherwise misses by bytes are misses by requests. */
export function isSized({ sizes }: Requests): boolean {
  return sizes.some((size) => size !== sizes[0]);
}
