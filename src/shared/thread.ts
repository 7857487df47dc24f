import { ArenaClient } from '../arena/client.js';
import { ensureKeeper, findKeeper, offerToStart } from '../arena/discovery.js';
import { hasEnded } from '../arena/keeper-lost.js';
import { succeedInMain } from '../arena/succession.js';
import { monotonicNow } from '../common/clock.js';
import { CacheConfigError } from '../common/error.js';

/** So many keepers may end one after the other while a thread connects. */
const MAX_ATTEMPTS = 100;
const PAUSE_MS = 50;

let connecting: Promise<ArenaClient> | undefined;

/** This thread's line to the keeper, made once. */
function lineTo(keeper: () => Promise<number>): Promise<ArenaClient> {
  const attempt = (connecting ?? connectTo(keeper)).then((client) => (client.isLost ? connectTo(keeper) : client));
  connecting = attempt;
  attempt.catch(() => {
    if (connecting === attempt) connecting = undefined;
  });
  return attempt;
}

/** A keeper may end while a thread connects to it: then there is another one soon. */
async function connectTo(keeper: () => Promise<number>): Promise<ArenaClient> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await ArenaClient.connect(await keeper());
    } catch (error) {
      if (attempt === MAX_ATTEMPTS || !hasEnded(error)) throw error;
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }
}

/** Connects this thread to the keeper of the process, which is started if there is none. */
export function connectThread(): Promise<ArenaClient> {
  return lineTo(ensureKeeper);
}

/** Connects this thread to a keeper that is known to be there, or to its successor. */
export function connectThreadTo(keeper: number): Promise<ArenaClient> {
  return lineTo(() => Promise.resolve(keeper)).catch(async (error: unknown) => {
    // It may have ended since, and have a successor.
    const found = await findKeeper();
    if (found === undefined || found.thread === keeper) throw error;
    return lineTo(() => Promise.resolve(found.thread));
  });
}

/** Connects this thread to the keeper of the process when there is one within `timeoutMs`. */
export async function connectWhenStarted(
  name: string,
  timeoutMs: number,
): Promise<{ client: ArenaClient; restMs: number }> {
  const deadline = monotonicNow() + timeoutMs;
  const search = async (): Promise<number> => {
    for (;;) {
      const found = await findKeeper();
      if (found !== undefined) return found.thread;
      if (monotonicNow() >= deadline) {
        throw new CacheConfigError(
          `attach: expected the name of a SharedCache of this process; got '${name}', but no cache was created within ${timeoutMs} ms (there are: none)`,
        );
      }
    }
  };
  // Not as a part of the line: who creates a cache in this thread meanwhile is not to wait for what waits for him, nor
  // anybody for the name and the deadline of somebody else.
  let found = connecting === undefined ? await search() : undefined;
  const client = await lineTo(async () => {
    const keeper = found ?? (await search());
    found = undefined;
    return keeper;
  });
  return { client, restMs: Math.max(1, deadline - monotonicNow()) };
}

offerToStart(succeedInMain);
