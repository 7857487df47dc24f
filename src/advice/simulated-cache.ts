import { hashNumber } from '../common/hash.js';
import { invariant } from '../common/invariant.js';
import type { Policy } from '../policy/policy.js';
import { grownCapacity, grownFloat64, grownInt32 } from '../struct/grow.js';

/**
 * A cache that holds nothing but sizes: a ledger under a budget, and the policy that names the victims, the very one of
 * the caches and called as they call it. Objects are small integers.
 *
 * An object that is bigger than the budget is not taken in. One that is requested with another size is a hit and an
 * overwrite. The policy sees objects of 0 bytes as of 1, since it divides by them; the ledger does not. It is given the hash
 * that comes with a request, or one of the object's number.
 *
 * O(1) for a request, and as many evictions as it takes; 4 bytes an object, and 12 an entry besides what the policy needs.
 */
export class SimulatedCache {
  /** Bytes held. Never above `maxBytes`. */
  held = 0;
  /** Entries held. Never above `maxEntries`. */
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
    readonly maxEntries = Number.POSITIVE_INFINITY,
  ) {}

  /** A read, and on a miss the write that follows: whether it is a hit. */
  request(id: number, size: number, cost: number, hash?: number): boolean {
    const handle = this.#handleOf(id);
    if (handle < 0) {
      if (size <= this.maxBytes) this.#insert(id, size, cost, hash);
      return false;
    }
    if (size > this.maxBytes) {
      this.#remove(handle);
      return false;
    }
    this.policy.touch(handle);
    if (size !== this.#sizes[handle]) this.#overwrite(handle, size, cost);
    return true;
  }

  /** A read alone: whether it is a hit. */
  read(id: number): boolean {
    const handle = this.#handleOf(id);
    if (handle >= 0) this.policy.touch(handle);
    return handle >= 0;
  }

  /** A write alone. */
  write(id: number, size: number, cost: number, hash?: number): void {
    const handle = this.#handleOf(id);
    if (size > this.maxBytes) this.remove(id);
    else if (handle < 0) this.#insert(id, size, cost, hash);
    else this.#overwrite(handle, size, cost);
  }

  /** Takes an object out, if it is in. */
  remove(id: number): void {
    const handle = this.#handleOf(id);
    if (handle >= 0) this.#remove(handle);
  }

  clear(): void {
    for (let handle = 0; handle < this.#used; handle++) if (this.#ids[handle]! >= 0) this.#remove(handle);
  }

  /** Throws when an invariant is broken. O(objects + entries log entries). */
  validate(): void {
    let sum = 0;
    let count = 0;
    for (let handle = 0; handle < this.#used; handle++) {
      const id = this.#ids[handle]!;
      if (id < 0) continue;
      invariant(this.#handles[id] === handle + 1, `simulation: object ${id} does not lead to handle ${handle}`);
      sum += this.#sizes[handle]!;
      count++;
    }
    invariant(sum === this.held, `simulation: the ledger says ${this.held} bytes, the entries ${sum}`);
    invariant(this.held <= this.maxBytes, `simulation: ${this.held} bytes of ${this.maxBytes} are held`);
    invariant(count === this.count && count <= this.maxEntries, `simulation: ${count} entries, counted ${this.count}`);
    invariant(this.policy.order().length === count, `simulation: the policy orders all of ${count} entries`);
    this.policy.validate();
  }

  #handleOf(id: number): number {
    if (id >= this.#handles.length) {
      this.#handles = grownInt32(this.#handles, grownCapacity(this.#handles.length, id + 1));
    }
    return this.#handles[id]! - 1;
  }

  #insert(id: number, size: number, cost: number, hash = hashNumber(id, 0)): void {
    if (this.held + size > this.maxBytes || this.count >= this.maxEntries) this.#makeRoom(size, 1, -1);
    const handle = this.#free.pop() ?? this.#extend();
    this.#ids[handle] = id;
    this.#sizes[handle] = size;
    this.#handles[id] = handle + 1;
    this.held += size;
    this.count++;
    this.policy.insert(handle, size || 1, cost || 1, hash);
  }

  #overwrite(handle: number, size: number, cost: number): void {
    this.held += size - this.#sizes[handle]!;
    this.#sizes[handle] = size;
    this.policy.update(handle, size || 1, cost || 1);
    if (this.held > this.maxBytes) this.#makeRoom(0, 0, handle);
  }

  #makeRoom(bytes: number, entries: number, kept: number): void {
    const { policy } = this;
    const maxBytes = this.maxBytes - bytes;
    const maxEntries = this.maxEntries - entries;
    while (this.held > maxBytes || this.count > maxEntries) {
      let victim = policy.victim();
      if (victim === kept) {
        policy.defer(kept);
        victim = policy.victim();
      }
      invariant(victim >= 0 && victim !== kept && this.#ids[victim]! >= 0, 'simulation: the policy names no victim');
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
