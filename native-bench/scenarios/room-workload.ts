/**
 * Requests for large values.
 */

import { createRandom, zipfDraws } from '../harness/random.js';
import { requestsFrom } from './requests.js';

/** Where a measured process finds its requests: in a file of two numbers a request, or by drawing them. */
export type Origin =
  | { file: string }
  | { sizes: 'uniform' | 'log-uniform'; objects: number; requests: number; seed: number };

export interface RoomRequests {
  ids: Uint32Array;
  /** By object. */
  bytes: ReadonlyMap<number, number>;
}

const LEAST = 64 * 1024;
const MOST = 16 * 2 ** 20;

export function drawBytes(sizes: 'uniform' | 'log-uniform', random: () => number): number {
  const share = random();
  return Math.round(sizes === 'uniform' ? LEAST + share * (MOST - LEAST) : LEAST * (MOST / LEAST) ** share);
}

export function roomRequests(origin: Origin): RoomRequests {
  if ('file' in origin) return recorded(origin.file);
  const random = createRandom(origin.seed);
  const ids = zipfDraws(origin.objects, 0.8, origin.requests, random);
  const bytes = new Map<number, number>();
  for (let id = 0; id < origin.objects; id++) bytes.set(id, drawBytes(origin.sizes, random));
  return { ids, bytes };
}

function recorded(file: string): RoomRequests {
  const { ids, sizes } = requestsFrom({ file });
  const bytes = new Map<number, number>();
  // The largest that an object ever was: what is measured here is the room, not how sizes change.
  for (const [at, id] of ids.entries()) bytes.set(id, Math.max(bytes.get(id) ?? 1, sizes[at]!));
  return { ids, bytes };
}
