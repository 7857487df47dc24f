import { CacheConfigError, describe } from '../common/error.js';
import { AutoPolicy } from './auto.js';
import { FifoPolicy } from './fifo.js';
import { GdsfPolicy } from './gdsf.js';
import { LfuPolicy } from './lfu.js';
import { LruPolicy } from './lru.js';
import type { Policy, PolicyName } from './policy.js';

export type { Policy, PolicyName } from './policy.js';

/** The names that `createPolicy` takes. */
export const POLICY_NAMES: readonly PolicyName[] = ['auto', 'lru', 'lfu', 'fifo', 'gdsf'];

/**
 * A policy by its name. `capacity` is the number of entries to make room for at once; the arrays grow by themselves.
 *
 * @throws CacheConfigError for an unknown name.
 */
export function createPolicy(name: PolicyName, capacity?: number): Policy {
  switch (name) {
    case 'fifo':
      return new FifoPolicy(capacity);
    case 'lru':
      return new LruPolicy(capacity);
    case 'lfu':
      return new LfuPolicy(capacity);
    case 'auto':
      return new AutoPolicy(capacity);
    case 'gdsf':
      return new GdsfPolicy(capacity);
    default: {
      const names = POLICY_NAMES.map((known) => `'${known}'`).join(', ');
      throw new CacheConfigError(`policy: expected one of ${names}, or a Policy; got ${describe(name)}`);
    }
  }
}
