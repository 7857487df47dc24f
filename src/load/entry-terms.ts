import type { EntryTerms } from '../arena/lifetime.js';
import { type Duration, parseDuration } from '../common/duration.js';
import { CacheConfigError, describe } from '../common/error.js';
import { parseTags } from '../common/tags.js';
import type { EntryOptions } from './context.js';

/**
 * Terms with what options say instead.
 *
 * @throws CacheConfigError for anything out of range or of the wrong type.
 */
export function mergeTerms(terms: EntryTerms, options: EntryOptions): EntryTerms {
  if (options === null || typeof options !== 'object') {
    throw new CacheConfigError(`setOptions: expected an object; got ${describe(options)}`);
  }
  const { ttl, idleTtl, grace, cost } = options;
  const tags = options.tags === undefined ? terms.tags : parseTags(options.tags);
  if (cost !== undefined && !(typeof cost === 'number' && cost > 0 && cost <= Number.MAX_SAFE_INTEGER)) {
    throw new CacheConfigError(`cost: expected a number above 0; got ${describe(cost)}`);
  }
  return {
    ttlMs: durationOr(ttl, 'ttl', terms.ttlMs),
    idleMs: durationOr(idleTtl, 'idleTtl', terms.idleMs),
    graceMs: durationOr(grace, 'grace', terms.graceMs),
    cost: cost ?? terms.cost,
    ...(tags && { tags }),
  };
}

function durationOr(value: Duration | undefined, name: string, otherwise: number): number {
  return value === undefined ? otherwise : parseDuration(value, name);
}
