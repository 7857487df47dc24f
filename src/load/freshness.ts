import type { EntryOptions } from './context.js';

/** When a fresh value is loaded anew behind the answer: after so many ms, or so large a share of its TTL. */
interface RefreshOptions {
  refreshAfter: number;
  refreshAhead: number;
}

const NEVER = Number.POSITIVE_INFINITY;

/** Whether a hit may have to be looked at twice. */
export function wantsRefresh({ refreshAfter, refreshAhead }: RefreshOptions): boolean {
  return refreshAfter !== NEVER || refreshAhead !== NEVER;
}

/** The age in ms from which on an entry of that TTL is loaded anew. */
export function refreshAge({ refreshAfter, refreshAhead }: RefreshOptions, ttlMs: number): number {
  return Math.min(refreshAfter, refreshAhead * ttlMs);
}

/** What the caller has said of the entry, and what the load has decided instead. */
export function decided<V, K>(entry: EntryOptions<V, K>, byLoad: EntryOptions<V, K>): EntryOptions<V, K> {
  const said = Object.entries(byLoad).filter(([, value]) => value !== undefined);
  return said.length === 0 ? entry : { ...entry, ...Object.fromEntries(said) };
}
