import { CacheConfigError, describe } from '../common/error.js';
import { grownCapacity, grownFloat64, grownInt32 } from '../struct/grow.js';
import { createPolicy } from './index.js';
import type { Policy } from './policy.js';

/**
 * A user's policy in a thread that serves everybody. When it throws, or breaks what a policy promises, `onFault` is told
 * once, and the entries go on under `'auto'`: nobody who asks for something is to suffer, and the thread least of all.
 *
 * What `auto` needs to take over is kept here: 20 bytes an entry, and O(1) for each call.
 */
export class GuardedPolicy implements Policy {
  /** The user's, until it fails. */
  #policy: Policy;
  #hasFallen = false;
  /** By handle; a size of 0: not in. */
  #sizes: Float64Array = new Float64Array(0);
  #costs: Float64Array = new Float64Array(0);
  #hashes: Int32Array = new Int32Array(0);
  #count = 0;
  /** Deferred just now, so that it cannot be the next victim, unless it is alone. */
  #deferred = -1;

  constructor(
    policy: Policy,
    /** Stands for the policy in errors. */
    readonly name: string,
    readonly onFault: (error: CacheConfigError) => void,
  ) {
    this.#policy = policy;
  }

  insert(handle: number, size: number, cost: number, hash = 0): void {
    this.#deferred = -1;
    this.#fit(handle);
    this.#sizes[handle] = size;
    this.#costs[handle] = cost;
    this.#hashes[handle] = hash;
    this.#count++;
    try {
      this.#expectNothing('insert', this.#policy.insert(handle, size, cost, hash));
    } catch (error) {
      this.#failed('insert', error);
    }
  }

  touch(handle: number): void {
    this.#deferred = -1;
    try {
      this.#expectNothing('touch', this.#policy.touch(handle));
    } catch (error) {
      this.#failed('touch', error);
    }
  }

  update(handle: number, size: number, cost: number): void {
    this.#deferred = -1;
    this.#sizes[handle] = size;
    this.#costs[handle] = cost;
    try {
      this.#expectNothing('update', this.#policy.update(handle, size, cost));
    } catch (error) {
      this.#failed('update', error);
    }
  }

  remove(handle: number): void {
    this.#deferred = -1;
    this.#sizes[handle] = 0;
    this.#count--;
    try {
      this.#expectNothing('remove', this.#policy.remove(handle));
    } catch (error) {
      this.#failed('remove', error);
    }
  }

  victim(): number {
    if (this.#hasFallen) return this.#policy.victim();
    try {
      const handle = this.#policy.victim();
      if (this.#isIn(handle)) {
        if (handle !== this.#deferred || this.#count === 1) return handle;
        this.#replace(`victim(): expected another one than entry ${handle}, which has just been deferred`);
      } else if (handle === -1 && this.#count === 0) {
        return -1;
      } else {
        this.#replace(`victim(): expected the handle of one of ${this.#count} entries; got ${describe(handle)}`);
      }
    } catch (error) {
      this.#failed('victim', error);
    }
    return this.#policy.victim();
  }

  defer(handle: number): void {
    try {
      this.#expectNothing('defer', this.#policy.defer(handle));
    } catch (error) {
      this.#failed('defer', error);
    }
    this.#deferred = handle;
  }

  order(): number[] {
    if (this.#hasFallen) return this.#policy.order();
    try {
      const order: unknown = this.#policy.order();
      if (this.#isWhole(order)) return order;
      this.#replace(`order(): expected each of ${this.#count} handles once; got ${describe(order)}`);
    } catch (error) {
      this.#failed('order', error);
    }
    return this.#policy.order();
  }

  validate(): void {
    this.#policy.validate();
  }

  #isIn(handle: unknown): handle is number {
    return typeof handle === 'number' && this.#sizes[handle]! > 0;
  }

  #isWhole(order: unknown): order is number[] {
    return (
      Array.isArray(order) &&
      order.length === this.#count &&
      new Set(order).size === order.length &&
      order.every((handle) => this.#isIn(handle))
    );
  }

  /** A method that is asynchronous fails where nobody waits for it. */
  #expectNothing(method: string, result: unknown): void {
    if (!(result instanceof Promise)) return;
    result.catch(() => undefined);
    this.#replace(`${method}(): expected a synchronous method; got a promise`);
  }

  /** @throws what was thrown, if it was not the user's. */
  #failed(method: string, cause: unknown): void {
    if (this.#hasFallen) throw cause;
    this.#replace(`${method}() threw: ${cause instanceof Error ? cause.message : describe(cause)}`, { cause });
  }

  #replace(what: string, options?: { cause: unknown }): void {
    const policy = createPolicy('auto', this.#sizes.length);
    for (let handle = 0; handle < this.#sizes.length; handle++) {
      const size = this.#sizes[handle]!;
      if (size > 0) policy.insert(handle, size, this.#costs[handle]!, this.#hashes[handle]!);
    }
    this.#hasFallen = true;
    this.#policy = policy;
    this.#deferred = -1;
    this.onFault(new CacheConfigError(`${this.name}: ${what}; the cache goes on with 'auto'`, options));
  }

  #fit(handle: number): void {
    if (handle < this.#sizes.length) return;
    const capacity = grownCapacity(this.#sizes.length, handle + 1);
    this.#sizes = grownFloat64(this.#sizes, capacity);
    this.#costs = grownFloat64(this.#costs, capacity);
    this.#hashes = grownInt32(this.#hashes, capacity);
  }
}
