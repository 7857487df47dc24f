import type { CachePair } from './cache-pair.js';
import type { Write } from './plain-cache.js';
import type { Random } from './random.js';

const KEYS = 14;
export const TAGS = ['red', 'blue', 'green'];

/** Where a step takes place. */
export interface Scene {
  random: Random;
  pair: CachePair;
  space: string;
  key: string;
  isTimed: boolean;
}

export function supersede(pair: CachePair, space: string, key: string): void {
  pair.supersede((flight) => flight.space === space && flight.key === key);
}

/** Mostly one of few. */
export function randomKey(random: Random): string {
  return String(random.int(0, random.chance(0.5) ? 3 : KEYS));
}

/** Mostly small, now and then more than the whole cache. */
export function weight(random: Random): number {
  return random.chance(0.02) ? random.int(1, 2500) : random.int(1, 150);
}

export function someKeys(random: Random): string[] {
  return Array.from({ length: random.int(0, 4) }, () => String(random.int(0, KEYS)));
}

export function randomWrite(random: Random, isTimed: boolean): Write {
  const write: Write = {};
  if (random.chance(0.2)) write.size = weight(random);
  if (random.chance(0.3)) write.tags = Array.from({ length: random.int(0, 3) }, () => random.of(TAGS));
  if (!isTimed || random.chance(0.4)) return write;
  if (random.chance(0.7)) write.ttl = random.chance(0.1) ? Number.POSITIVE_INFINITY : random.int(1, 100);
  if (random.chance(0.2)) write.idleTtl = random.int(1, 40);
  if (random.chance(0.3)) write.grace = random.int(1, 60);
  return write;
}
