/**
 * The same policy where every hole fits: entries are charged as the keeper charges them, and evicted until the budget
 * holds.
 */

import { createPolicy } from '../../src/policy/index.js';
import type { RoomInput } from './room.js';

export class Ideal {
  readonly #policy;
  readonly #handles = new Map<string, number>();
  readonly #keys: string[] = [];
  readonly #charges: number[] = [];
  readonly #free: number[] = [];
  readonly #leased = new Map<number, number>();
  #bytes = 0;

  constructor(
    policy: RoomInput['policy'],
    readonly budget: number,
  ) {
    this.#policy = createPolicy(policy);
  }

  /** Whether it is there; notes the use. */
  read(key: string): boolean {
    const handle = this.#handles.get(key);
    if (handle !== undefined) this.#policy.touch(handle);
    return handle !== undefined;
  }

  /** Holds an entry that is there, so that it is not evicted, until what is returned is called. */
  lease(key: string): () => void {
    const handle = this.#handles.get(key)!;
    this.#leased.set(handle, (this.#leased.get(handle) ?? 0) + 1);
    return () => {
      const count = this.#leased.get(handle)!;
      if (count > 1) this.#leased.set(handle, count - 1);
      else this.#leased.delete(handle);
    };
  }

  insert(key: string, hash: number, charge: number): void {
    if (charge > this.budget) return;
    let patience = this.#leased.size;
    while (this.#bytes + charge > this.budget) {
      const victim = this.#policy.victim();
      if (victim < 0) return;
      if (!this.#leased.has(victim)) this.#evict(victim);
      else if (patience-- > 0) this.#policy.defer(victim);
      else return;
    }
    const handle = this.#free.pop() ?? this.#keys.length;
    this.#keys[handle] = key;
    this.#charges[handle] = charge;
    this.#handles.set(key, handle);
    this.#bytes += charge;
    this.#policy.insert(handle, charge, 1, hash);
  }

  #evict(handle: number): void {
    this.#policy.remove(handle);
    this.#handles.delete(this.#keys[handle]!);
    this.#bytes -= this.#charges[handle]!;
    this.#free.push(handle);
  }
}
