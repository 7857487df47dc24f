/**
 * # Loads that wait for loads
 *
 * A load may ask for other keys, of any cache. What it waits for is written down here, so that one which would wait for
 * itself, by whatever way round and through whatever threads, is told at once instead of never.
 */

/** A load, as far as waiting goes. */
export interface Waiting {
  readonly cache: object;
  readonly key: string;
  /** The load that has started it. */
  readonly parent: Waiting | undefined;
  /** The loads that it waits for, and how often. */
  readonly awaits: Map<Waiting, number>;
  isOver: boolean;
}

/** Whether a load runs, or was started, however long the chain, by one that runs, for this very key. */
export function isInside(asker: Waiting | undefined, cache: object, key: string): boolean {
  for (let load = asker; load !== undefined; load = load.parent) {
    if (!load.isOver && load.cache === cache && load.key === key) return true;
  }
  return false;
}

/** Whether `from` waits for `to`, directly or not, or is it. O(loads that wait). */
export function waitsFor(from: Waiting, to: Waiting, seen: Set<Waiting> = new Set()): boolean {
  if (from === to) return true;
  seen.add(from);
  for (const next of from.awaits.keys()) if (!seen.has(next) && waitsFor(next, to, seen)) return true;
  return false;
}

/** `from` waits for `to` from now on. Whether it waited for nothing before. */
export function beginWait(from: Waiting, to: Waiting): boolean {
  const isFirst = from.awaits.size === 0;
  from.awaits.set(to, (from.awaits.get(to) ?? 0) + 1);
  return isFirst;
}

/** A wait has ended. Whether it was the last of `from`. */
export function endWait(from: Waiting, to: Waiting): boolean {
  const count = from.awaits.get(to);
  if (count === undefined) return false;
  if (count > 1) from.awaits.set(to, count - 1);
  else from.awaits.delete(to);
  return from.awaits.size === 0;
}
