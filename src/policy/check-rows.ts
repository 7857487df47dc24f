import { invariant } from '../common/invariant.js';
import type { RankBits } from '../struct/rank-bits.js';
import { ASIDE, type EntryRows, IN_ASIDE, IN_MAIN, IN_WINDOW, LISTS, WINDOW } from './entry-rows.js';

/** What a ranking has noted of its rows. */
interface Sums {
  count: number;
  ranked: number;
  bytes: number;
  windowBytes: number;
}

/** Throws when the rows of a ranking stand elsewhere than noted, or sum up to something else. O(rows + lists). */
export function checkRows(rows: EntryRows, ranks: RankBits, noted: Sums): void {
  rows.validate();
  let [count, ranked, bytes, windowBytes] = [0, 0, 0, 0];
  for (let list = 0; list < LISTS; list++) {
    const place = list === WINDOW ? IN_WINDOW : list === ASIDE ? IN_ASIDE : IN_MAIN;
    for (const handle of rows.toArray(list)) {
      invariant(rows.place(handle) === place, `ranking: ${handle} stands in ${list}, noted ${rows.place(handle)}`);
      invariant(place !== IN_MAIN || ranks.has(list), `ranking: rank ${list} is not marked`);
      if (place === IN_MAIN) ranked++;
      count++;
      bytes += rows.sizes[handle]!;
      if (place === IN_WINDOW) windowBytes += rows.sizes[handle]!;
    }
  }
  invariant(count === noted.count, `ranking: ${count} are listed, ${noted.count} are in`);
  invariant(ranked === noted.ranked, `ranking: ${ranked} are ranked, ${noted.ranked} are noted`);
  invariantNear(bytes, noted.bytes, 'bytes');
  invariantNear(windowBytes, noted.windowBytes, 'bytes in the window');
}

function invariantNear(listed: number, noted: number, what: string): void {
  const isNear = Math.abs(listed - noted) <= 1e-6 * Math.max(1, Math.abs(listed), Math.abs(noted));
  invariant(isNear, `ranking: ${listed} ${what} are listed, ${noted} are noted`);
}
