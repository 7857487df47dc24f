import { warnOfMisspelt } from '../stats/warn.js';
import type { GetOrSetOptions } from './context.js';

/**
 * What is an option of some call: whoever gives the same options to several calls is not warned of those that one of them
 * does not have.
 */
const CALL_OPTIONS: Record<
  keyof GetOrSetOptions | 'key' | 'name' | 'onEvicted' | 'priority' | 'transfer' | 'concurrency' | 'onProgress',
  0
> = {
  ...{ ttl: 0, ttlJitter: 0, idleTtl: 0, grace: 0, size: 0, cost: 0, tags: 0 },
  ...{ timeout: 0, hardTimeout: 0, refreshAfter: 0, refreshAhead: 0, negativeTtl: 0, graceBackoff: 0 },
  ...{ forceRefresh: 0, signal: 0, retries: 0, key: 0, name: 0, onEvicted: 0, priority: 0, transfer: 0 },
  ...{ concurrency: 0, onProgress: 0 },
};
const NAMES = Object.keys(CALL_OPTIONS);
/** Names that need no further look. Those that are made up as the program runs are not all kept. */
const known = new Set(NAMES);
const MOST_KNOWN = 1000;
/** A look at each would make writes dearer by a fifteenth: the first calls get one, and then one in so many. */
const FIRST_LOOKS = 200;
const LOOK_EVERY = 64;
let looks = 0;
let passed = 0;

/** Warns of an option of a call that is spelt nearly as one and is none. */
export function watchSpelling(options: object): void {
  if (passed > 0) passed--;
  else look(options);
}

function look(options: object): void {
  if (++looks >= FIRST_LOOKS) passed = LOOK_EVERY - 1;
  for (const name in options) {
    if (known.has(name) || known.size === MOST_KNOWN) continue;
    known.add(name);
    warnOfMisspelt(name, 'a call', NAMES);
  }
}
