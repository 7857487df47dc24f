import { writeSync } from 'node:fs';

/** Tells of a failure at once, since the thread may be killed before a message has left it. */
export function failure({ tally, seed, actor, deed, error }) {
  writeSync(2, `\nstorm: actor ${actor}, ${deed}, seed ${seed}: ${error?.stack ?? error}\n`);
  tally.fail();
}
