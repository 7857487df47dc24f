import type { EntryTerms } from '../arena/lifetime.js';
import { type Duration, parseDuration } from '../common/duration.js';
import { CacheConfigError, describe } from '../common/error.js';
import { parseTags } from '../common/tags.js';
import { parseJitter } from '../common/ttl.js';
import { watchSpelling } from './call-options.js';
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
  watchSpelling(options);
  const { ttl, ttlJitter, idleTtl, grace, cost, size } = options;
  if (typeof ttl === 'function') {
    throw new CacheConfigError(
      'setOptions: ttl: expected a duration, since the loader knows its value; got a function',
    );
  }
  const tags = options.tags === undefined ? terms.tags : parseTags(options.tags);
  if (cost !== undefined && !(typeof cost === 'number' && cost > 0 && cost <= Number.MAX_SAFE_INTEGER)) {
    throw new CacheConfigError(`cost: expected a number above 0; got ${describe(cost)}`);
  }
  if (size !== undefined && !(typeof size === 'number' && size > 0 && size <= Number.MAX_SAFE_INTEGER)) {
    throw new CacheConfigError(`size: expected a number above 0; got ${describe(size)}`);
  }
  const merged: EntryTerms = {
    ...terms,
    ttlMs: durationOr(ttl, 'ttl', terms.ttlMs),
    idleMs: durationOr(idleTtl, 'idleTtl', terms.idleMs),
    graceMs: durationOr(grace, 'grace', terms.graceMs),
    cost: cost ?? terms.cost,
    ...(tags && { tags }),
    ...(size !== undefined && { size: Math.ceil(size) }),
  };
  if (terms.appraise) {
    const { cost: asksCost, ttl: asksTtl } = terms.appraise;
    merged.appraise = { cost: asksCost && cost === undefined, ttl: ttl === undefined ? asksTtl : undefined };
  }
  if (ttlJitter !== undefined) merged.jitter = parseJitter(ttlJitter);
  return merged;
}

function durationOr(value: Duration | undefined, name: string, otherwise: number): number {
  return value === undefined ? otherwise : parseDuration(value, name);
}
