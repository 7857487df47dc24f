import { invariant } from '../common/invariant.js';
import type { Policy } from '../policy/policy.js';
import { grownCapacity, grownFloat64, grownInt32 } from '../struct/grow.js';
import type { Batch } from './batch.js';

/** What a miss costs: one request, its bytes, the root of its bytes, or what the trace says. */
export type ReplayCost = 'requests' | 'bytes' | 'balanced' | 'measured';

/** Sums over all requests replayed so far. */
export interface ReplayTotals {
  requests: number;
  misses: number;
  bytes: number;
  missedBytes: number;
  cost: number;
  missedCost: number;
}

/**
 * A cache that holds nothing but sizes: a ledger under a budget, and the policy that names the victims, the very one of
 * the caches and called as they call it. It starts cold and charges what the trace says and nothing else.
 *
 * An object that is bigger than the budget is a miss and is not taken in. One that comes back with another size is a hit
 * and an overwrite. The policy sees objects of 0 bytes as of 1, since it divides by them; the ledger does not.
 *
 * O(1) for a request, and as many evictions as it takes; 4 bytes an object, and 12 an entry besides what the policy needs.
 */
export class Replay {
  readonly totals: ReplayTotals = { requests: 0, misses: 0, bytes: 0, missedBytes: 0, cost: 0, missedCost: 0 };
  /** Bytes held. Never above `maxBytes`. */
  held = 0;
  /** Entries held. */
  count = 0;
  /** object → its handle + 1; 0: not in. */
  #handles: Int32Array = new Int32Array(1024);
  /** handle → object, or -1. */
  #ids: Int32Array = new Int32Array(0);
  #sizes: Float64Array = new Float64Array(0);
  #free: number[] = [];
  #used = 0;

  constructor(
    readonly policy: Policy,
    readonly maxBytes: number,
    readonly cost: ReplayCost = 'requests',
  ) {}

  /** Replays a batch: what a miss costs is said by `cost`. */
  replay({ ids, sizes, costs, length }: Batch): void {
    const { totals, cost } = this;
    let misses = 0;
    let bytes = 0;
    let missedBytes = 0;
    let costSum = 0;
    let missedCost = 0;
    for (let i = 0; i < length; i++) {
      const size = sizes[i]!;
      const price =
        cost === 'requests' ? 1 : cost === 'bytes' ? size : cost === 'balanced' ? Math.sqrt(size) : costs[i]!;
      bytes += size;
      costSum += price;
      if (this.request(ids[i]!, size, price)) continue;
      misses++;
      missedBytes += size;
      missedCost += price;
    }
    totals.requests += length;
    totals.misses += misses;
    totals.bytes += bytes;
    totals.missedBytes += missedBytes;
    totals.cost += costSum;
    totals.missedCost += missedCost;
  }

  /** One request, not counted in the totals: whether it is a hit. */
  request(id: number, size: number, cost: number): boolean {
    if (id >= this.#handles.length)
      this.#handles = grownInt32(this.#handles, grownCapacity(this.#handles.length, id + 1));
    const handle = this.#handles[id]! - 1;
    if (handle >= 0) return this.#hit(handle, size, cost);
    if (size <= this.maxBytes) this.#insert(id, size, cost);
    return false;
  }

  /** Throws when an invariant is broken. O(objects + entries log entries). */
  validate(): void {
    let sum = 0;
    let count = 0;
    for (let handle = 0; handle < this.#used; handle++) {
      const id = this.#ids[handle]!;
      if (id < 0) continue;
      invariant(this.#handles[id] === handle + 1, `replay: object ${id} does not lead to handle ${handle}`);
      sum += this.#sizes[handle]!;
      count++;
    }
    invariant(sum === this.held, `replay: the ledger says ${this.held} bytes, the entries ${sum}`);
    invariant(this.held <= this.maxBytes, `replay: ${this.held} bytes of ${this.maxBytes} are held`);
    invariant(
      count === this.count && this.policy.order().length === count,
      `replay: the policy orders ${count} entries`,
    );
    this.policy.validate();
  }

  /** An object that is in. `false` when it has grown out of the budget: then it goes. */
  #hit(handle: number, size: number, cost: number): boolean {
    if (size > this.maxBytes) {
      this.#remove(handle);
      return false;
    }
    this.policy.touch(handle);
    const before = this.#sizes[handle]!;
    if (size !== before) {
      this.#sizes[handle] = size;
      this.held += size - before;
      this.policy.update(handle, size || 1, cost || 1);
      if (this.held > this.maxBytes) this.#makeRoom(0, handle);
    }
    return true;
  }

  #insert(id: number, size: number, cost: number): void {
    if (this.held + size > this.maxBytes) this.#makeRoom(size, -1);
    const handle = this.#free.pop() ?? this.#extend();
    this.#ids[handle] = id;
    this.#sizes[handle] = size;
    this.#handles[id] = handle + 1;
    this.held += size;
    this.count++;
    this.policy.insert(handle, size || 1, cost || 1);
  }

  #makeRoom(bytes: number, kept: number): void {
    const { policy } = this;
    const limit = this.maxBytes - bytes;
    while (this.held > limit) {
      let victim = policy.victim();
      if (victim === kept) {
        policy.defer(kept);
        victim = policy.victim();
      }
      invariant(victim >= 0 && victim !== kept && this.#ids[victim]! >= 0, 'replay: the policy names no victim');
      this.#remove(victim);
    }
  }

  #remove(handle: number): void {
    this.#handles[this.#ids[handle]!] = 0;
    this.#ids[handle] = -1;
    this.held -= this.#sizes[handle]!;
    this.count--;
    this.policy.remove(handle);
    this.#free.push(handle);
  }

  #extend(): number {
    if (this.#used === this.#ids.length) {
      const capacity = grownCapacity(this.#ids.length, this.#used + 1);
      this.#ids = grownInt32(this.#ids, capacity, -1);
      this.#sizes = grownFloat64(this.#sizes, capacity);
    }
    return this.#used++;
  }
}
