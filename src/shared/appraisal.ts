import { placedKey } from '../arena/namespace-key.js';
import type { AppraiseMessage } from '../arena/protocol.js';
import { hashString } from '../common/hash.js';
import type { TtlFunction } from '../common/ttl.js';
import type { Reading } from './reading.js';
import type { Terms } from './terms.js';

/**
 * Functions stay in their thread, and some values are made in another one: by loaders of the pool, or by threads that
 * have attached. Such a value is entered on the terms of the cache; then the keeper asks the thread that has the function,
 * which looks at the value in place and says what it is to cost, and how long to live. Until then, less than a
 * millisecond as a rule, it counts as one request, and lives as long as the cache says without the function.
 */
export function appraise<V>(
  reading: Reading<V>,
  terms: Terms<V>,
  { key: inner, bornAt, cost, ttl }: AppraiseMessage,
  by: { ttl: TtlFunction<V, string> | undefined; ttlJitter?: number | undefined } = terms,
): void {
  const { client, ticket } = reading;
  reading.show(inner, bornAt, (value) => {
    const key = inner.charCodeAt(0) > 0 ? inner : placedKey(inner).key;
    const said = terms.appraise(value, key, { cost, ttl: ttl ? by.ttl : undefined, ttlJitter: by.ttlJitter });
    const hash = hashString(inner, ticket.seed) | 0;
    client.notify({ op: 'amend', cache: ticket.cache, key: inner, hash, bornAt, ...said });
  });
}
