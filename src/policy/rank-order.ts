import { ASIDE, type EntryRows, RANKS, WINDOW } from './entry-rows.js';

/** All handles of a ranking, the next to go first, those that stand aside last. O(n log n). */
export function inOrder(rows: EntryRows, next: number, rankOf: (handle: number) => number): number[] {
  const ranks = new Map<number, number>();
  for (const handle of rows.toArray(WINDOW)) ranks.set(handle, rankOf(handle));
  for (let list = 0; list < RANKS; list++) {
    for (const handle of rows.toArray(list)) ranks.set(handle, rankOf(handle));
  }
  const handles = [...ranks.keys()].sort((a, b) =>
    a === next ? -1 : b === next ? 1 : (ranks.get(a)! - ranks.get(b)!) | 0,
  );
  return handles.concat(rows.toArray(ASIDE));
}
