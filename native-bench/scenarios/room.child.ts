/**
 * One workload under one policy: the keeper and the ideal see the same requests, and the second half of them counts.
 */

import { chargeOf } from '../../src/arena/entry-store.js';
import { HEADER } from '../../src/arena/layout.js';
import { jobInput, report } from '../harness/in-child.js';
import { createRandom } from '../harness/random.js';
import { consume } from '../harness/timing.js';
import type { RoomInput } from './room.js';
import { Ideal } from './room-ideal.js';
import { RoomLine } from './room-line.js';
import { roomRequests } from './room-workload.js';

/** Of the hits. */
const LEASED = 0.05;
const LOOK_EVERY = 64;

const { policy, origin, budget, share, leases, seed } = jobInput<RoomInput>();
// The keeper's seeds too: a run can be repeated.
Math.random = createRandom(seed);
const random = createRandom(seed + 1);
const { ids, bytes } = roomRequests(origin);
const maxBytes = share === undefined ? budget : share * sum(bytes.values());
const line = new RoomLine(policy, maxBytes, bytes.size);
const ideal = new Ideal(policy, maxBytes);

interface Side {
  read(key: string): boolean;
  lease(key: string): () => void;
}

/** Hits, and what is leased, of one of the two. */
class Tally {
  hits = 0;
  hitBytes = 0;
  readonly #leases: (() => void)[] = [];

  constructor(readonly side: Side) {}

  /** Whether it is there. */
  ask(key: string, size: number, isLeased: boolean): boolean {
    if (!this.side.read(key)) return false;
    this.hits++;
    this.hitBytes += size;
    if (isLeased) {
      this.#leases.push(this.side.lease(key));
      if (this.#leases.length > leases) this.#leases.shift()!();
    }
    return true;
  }
}

const real = new Tally(line);
const best = new Tally(ideal);
const { allocator } = line.keeper.arena;
const from = ids.length >> 1;
let asked = 0;
let inserted = 0;
let refused = 0;
let movedBefore = 0;
const live: number[] = [];
let insertMs = 0;
let inserts = 0;

for (const [at, id] of ids.entries()) {
  if (at === from) {
    for (const tally of [real, best]) {
      tally.hits = 0;
      tally.hitBytes = 0;
    }
    [asked, inserted, refused, insertMs, inserts] = [0, 0, 0, 0, 0];
    movedBefore = line.cache.table.header(HEADER.movedBytes);
  }
  const key = `value:${id}`;
  const size = bytes.get(id)!;
  const isLeased = leases > 0 && random() < LEASED;
  asked += size;
  if (!real.ask(key, size, isLeased)) {
    const start = performance.now();
    const stored = line.insert(key, size);
    insertMs += performance.now() - start;
    inserts++;
    if (stored) inserted += size;
    else refused++;
  }
  const charge = chargeOf(Math.ceil(line.recordBytes(key, size) / 64));
  if (!best.ask(key, size, isLeased)) ideal.insert(key, line.hash(key), charge);
  const isFull = line.cache.table.header(HEADER.evictions) > 0;
  if (isFull && at >= from && at % LOOK_EVERY === 0) live.push(line.cache.store.bytes / (allocator.totalUnits * 64));
}

line.keeper.validate();
line.close();
const count = ids.length - from;
const moved = line.cache.table.header(HEADER.movedBytes) - movedBefore;
consume(real.hits);
report({
  'hit.percent': (100 * real.hits) / count,
  'ideal.percent': (100 * best.hits) / count,
  'lost.points': (100 * (best.hits - real.hits)) / count,
  'byteHit.percent': (100 * real.hitBytes) / asked,
  'idealByteHit.percent': (100 * best.hitBytes) / asked,
  'live.percent': (100 * sum(live)) / live.length,
  'leastLive.percent': 100 * Math.min(...live),
  'moved.ratio': moved / inserted,
  'refused.count': refused,
  'insert.us': (1000 * insertMs) / inserts,
});

function sum(values: Iterable<number>): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
