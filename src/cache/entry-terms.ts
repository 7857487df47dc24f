import type { Terms } from './lifetime.js';

/** Lives shorter than this are reckoned from an exact reading of the clock. */
const SHORT_LIFE_MS = 30_000;

/** What is said about an entry when it is written, but for its size and cost. Shared by all that are written alike. */
export interface EntryTerms extends Terms {
  readonly tags: readonly string[] | undefined;
  /** No deadline, no grace and no tags. */
  readonly isPlain: boolean;
  /** Whether it will die by itself, or is kept for a while when it is made to expire. */
  readonly isTimed: boolean;
  /** Whether that is so soon that it takes an exact reading of the clock. */
  readonly isShort: boolean;
}

/** A write that is ready to be carried out. */
export interface Prepared<V> {
  readonly value: V;
  readonly size: number;
  readonly cost: number;
  readonly terms: EntryTerms;
}

const NEVER = Number.POSITIVE_INFINITY;

export function entryTerms({ ttl, idleTtl, grace }: Terms, tags: readonly string[] | undefined): EntryTerms {
  const span = Math.min(ttl, idleTtl);
  const isTimed = span !== NEVER || grace > 0;
  return { ttl, idleTtl, grace, tags, isTimed, isPlain: !isTimed && !tags, isShort: span < SHORT_LIFE_MS };
}
