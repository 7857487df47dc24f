import { Attempts, eachToTheEnd } from '../common/each.js';
import type { Store } from './store.js';
import { victimBut } from './victim.js';

/**
 * Lets others go until so much more fits in, none of `kept` among them: the dead, the stale, then whom the policy names.
 * What is kept and what comes must fit by themselves; what is kept is about to be written anew.
 * When a user's policy throws, there is room all the same before the error leaves: whichever come first go.
 */
export function makeRoom<K, V>(
  store: Store<K, V>,
  more: { bytes: number; entries: number },
  kept: ReadonlySet<number>,
): void {
  const { life } = store;
  store.readClock();
  if (life.isTimed) {
    life.advance();
    for (const handle of kept) life.spare(handle);
  }
  const isShort = () => store.bytes + more.bytes > store.maxBytes || store.count + more.entries > store.maxEntries;
  const attempts = new Attempts();
  const isMade = attempts.try(() => {
    while (isShort()) {
      const gone = life.isTimed ? life.firstGone() : -1;
      if (gone >= 0) store.drop(gone, store.reasonFor(gone, 'evict'));
      else store.drop(victimBut(store.policy, store.table, kept), 'evict');
    }
  });
  if (isMade) return;
  attempts.try(() =>
    eachToTheEnd(store.table.handles(), (handle) => {
      if (isShort() && !kept.has(handle)) store.drop(handle, store.reasonFor(handle, 'evict'));
    }),
  );
  attempts.end();
}
