/**
 * # Finding the keeper
 *
 * Threads know nothing of each other at first, and what is given to a worker at its start does not reach those that
 * were started before. A broadcast channel does reach all of them, early, late and nested, in less than a millisecond:
 *
 *   who?      → here(thread)        asked by a thread that looks for the keeper
 *   candidate → candidate | here    asked by a keeper that has just been started
 *   who?, candidate → wait          said by threads whose keeper has ended, until there is another one
 *
 * The keeper is started by the main thread, if that has loaded the library, since a worker dies with its creator; else
 * by the first thread that needs one. Two that start at once find each other as candidates; the lower thread id stays.
 */
import { BroadcastChannel, isMainThread, threadId, Worker } from 'node:worker_threads';
import { CacheConfigError } from '../common/error.js';
import { TAG } from './protocol.js';
import { messageThread } from './thread-message.js';

const CHANNEL = 'cachalot/arena';
/** How long an answer may take from a keeper that is not asleep: it takes less than one, when nobody is busy. */
const ASK_MS = 20;
/**
 * How long one that has been started waits for those to speak up whose keeper has ended just now: if they did so later,
 * the process would have two arenas.
 */
const RIVAL_MS = 250;
const SLICE_MS = 10;
const START_MS = 10_000;
export const MAIN_THREAD = 0;

/** What is said on the channel. */
export type ArenaCall =
  | { [TAG]: 'who' }
  | ({ [TAG]: 'here' } & KeeperPlace)
  | { [TAG]: 'candidate'; thread: number }
  | { [TAG]: 'wait' };

export interface KeeperPlace {
  thread: number;
  names: string[];
  /** Which arena it keeps, and the how manyth keeper of it it is. */
  arena: number;
  epoch: number;
}

export function openChannel(hear: (call: ArenaCall) => void): BroadcastChannel {
  const channel = new BroadcastChannel(CHANNEL);
  channel.onmessage = (event) => {
    const call = (event as { data: unknown }).data;
    if (typeof call === 'object' && call !== null && TAG in call) hear(call as ArenaCall);
  };
  channel.unref();
  return channel;
}

/** The keeper of this process, if one answers within `timeoutMs`, or when there is one, if one is to come. */
export async function findKeeper(timeoutMs = ASK_MS, asks = 1): Promise<KeeperPlace | undefined> {
  let channel: BroadcastChannel | undefined;
  let nextAsk: NodeJS.Timeout | undefined;
  try {
    return await new Promise<KeeperPlace | undefined>((resolve) => {
      channel = openChannel((call) => {
        if (call[TAG] === 'here') resolve(call);
        else if (call[TAG] === 'wait') most = Math.max(most, asked + 1 + START_MS / ASK_MS);
      });
      let asked = 0;
      let most = asks;
      const ask = () => {
        if (asked++ >= most) return resolve(undefined);
        channel?.postMessage({ [TAG]: 'who' } satisfies ArenaCall);
        nextAsk = setTimeout(ask, timeoutMs / asks);
      };
      ask();
    });
  } finally {
    // A question on a closed channel throws.
    clearTimeout(nextAsk);
    channel?.close();
  }
}

/** The keeper of this process; starts one if there is none. Returns its thread. */
export async function ensureKeeper(): Promise<number> {
  const found = await findKeeper();
  if (found !== undefined) return found.thread;
  if (!isMainThread && (await askMainToStart())) {
    const started = await findKeeper(START_MS, START_MS / ASK_MS);
    if (started !== undefined) return started.thread;
  }
  return startKeeper();
}

/** Whether the main thread has loaded the library and starts a keeper. */
async function askMainToStart(): Promise<boolean> {
  try {
    await messageThread(MAIN_THREAD, { [TAG]: 'start' }, START_MS);
    return true;
  } catch {
    // Main has not loaded the library, or is blocked: this thread can do it as well.
    return false;
  }
}

let starting: Promise<number> | undefined;

/** Starts a keeper in a thread of its own; if another turns out to be there already, that is the one. */
function startKeeper(): Promise<number> {
  starting ??= new Promise<number>((resolve, reject) => {
    const worker = new Worker(new URL('./keeper.worker.js', import.meta.url), {
      name: 'cachalot keeper',
      execArgv: [],
      workerData: { first: isMainThread },
      stdin: false,
    });
    let hasStarted = false;
    worker.once('message', ({ thread }: { thread: number }) => {
      hasStarted = true;
      resolve(thread);
      worker.unref();
    });
    worker.on('error', (cause) => {
      // Its caches end with it: nobody should have to guess why.
      if (hasStarted) process.emitWarning(`the keeper thread has failed: ${cause.stack}`, 'CachalotWarning');
      reject(new CacheConfigError(`SharedCache: the keeper thread could not be started: ${cause.message}`, { cause }));
    });
    worker.once('exit', () => {
      starting = undefined;
      // It has said which thread it is by now, unless it was ended before.
      reject(new CacheConfigError('SharedCache: the keeper thread has ended before it was ready'));
    });
  });
  return starting;
}

/** Lets other threads have this one start the keeper, or the next. Called once where the library is loaded. */
export function offerToStart(succeed: (message: never) => void): void {
  if (!isMainThread) return;
  process.on('workerMessage', (message: unknown) => {
    if (isTagged(message, 'start')) startKeeper().catch(() => {});
    else if (isTagged(message, 'succeed')) succeed(message as never);
  });
}

export function isTagged(message: unknown, tag: string): boolean {
  return typeof message === 'object' && message !== null && TAG in message && message[TAG] === tag;
}

/**
 * In a keeper's thread: decides whether it is the one. Resolves with the thread of the keeper, and answers from then on
 * if that is this one. One that is `sure` succeeds another, and has been decided upon.
 */
export async function electKeeper(sure: boolean, place: () => KeeperPlace): Promise<number> {
  let elected: number | undefined;
  let rival: number | undefined;
  let isDecided = false;
  let decide: (thread: number) => void = () => {};
  const decided = new Promise<number>((resolve) => {
    decide = resolve;
  });
  const here = () => channel.postMessage({ [TAG]: 'here', ...place() } satisfies ArenaCall);
  const channel = openChannel((call) => {
    if (elected === threadId) {
      if (call[TAG] === 'who' || call[TAG] === 'candidate') here();
    } else if (call[TAG] === 'here') {
      isDecided = true;
      decide(call.thread);
    } else if (call[TAG] === 'wait') {
      rival = -1;
    } else if (call[TAG] === 'candidate') {
      if (call.thread < threadId) rival = call.thread;
      else channel.postMessage({ [TAG]: 'candidate', thread: threadId } satisfies ArenaCall);
    }
  });
  if (!sure) {
    // In slices, each of which takes longer where threads wait for a processor: so those who are to speak up get more time.
    for (let waited = 0; waited < RIVAL_MS && rival === undefined && !isDecided; waited += SLICE_MS) {
      channel.postMessage({ [TAG]: 'candidate', thread: threadId } satisfies ArenaCall);
      await Promise.race([decided, pause(SLICE_MS)]);
    }
    if (rival !== undefined) await Promise.race([decided, pause(START_MS)]);
  }
  elected = await Promise.race([decided, Promise.resolve(threadId)]);
  if (elected === threadId) here();
  else channel.close();
  return elected;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
