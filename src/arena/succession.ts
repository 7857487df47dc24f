/**
 * # Succession
 *
 * A keeper ends with the thread that has started it, or by a fault of its own; then every attached thread sees its port
 * close. One of those who are left starts the next keeper, with the same memory. Which one is decided by one word of the
 * control buffer, changed by compare-and-swap:
 *
 * ```
 *   31                    9 8                 0
 *  ┌───────────────────────┬───────────────────┐
 *  │ epoch: how many       │ the row of who    │   511: the main thread, which may have no row
 *  │ successions so far    │ starts the keeper │
 *  └───────────────────────┴───────────────────┘
 * ```
 *
 * - Whoever was attached to the keeper of epoch e, and has seen it end, may change e to e + 1, once: he is the one.
 * - The keeper of an epoch is started by the one in its word and by nobody else, and ends with him. So if that thread is
 *   proven to be gone before its keeper has been heard of, that keeper is gone too, or never was, and the others may
 *   change e + 1 to e + 2.
 *
 * So two keepers never write at once. Meanwhile readers go on reading: nothing is evicted while there is no keeper.
 */
import { type BroadcastChannel, isMainThread, Worker } from 'node:worker_threads';
import { CacheClosedError } from '../common/error.js';
import type { Estate } from './adoption.js';
import { type ArenaCall, type KeeperPlace, MAIN_THREAD, openChannel } from './discovery.js';
import { isGone } from './keeper-client.js';
import { CONTROL_ARENA, CONTROL_SUCCESSION } from './layout.js';
import { TAG } from './protocol.js';
import { RowScan } from './row-scan.js';
import { messageThread } from './thread-message.js';

const ROW_BITS = 9;
const ROW_MASK = 2 ** ROW_BITS - 1;
const MAIN_ROW = ROW_MASK;
/** How often a keeper is asked for, and who starts it is looked after. */
const ASK_MS = 10;
/** How long the main thread may take to answer: if it is blocked, another thread is as good. */
const MAIN_MS = 50;
/** How long all of it may take. */
const PATIENCE_MS = 20_000;
/** So many keepers one thread tries to start; from the second on, without entries. */
const MAX_STARTS = 3;

/** What the next keeper is given, but for its epoch. */
export type Legacy = Pick<Estate, 'control' | 'segments' | 'caches'>;

/** The epoch of a control buffer's keeper, or of the one that is being started. */
function epochOf(word: number): number {
  return word >>> ROW_BITS;
}

/** Claims the succession to the keeper of an epoch, and starts the next one. Whether it was this thread's to claim. */
function claim(legacy: Legacy, word: number, row: number, onFailure: () => void, startEmpty = false): boolean {
  const epoch = epochOf(word) + 1;
  const words = new Int32Array(legacy.control);
  if (Atomics.compareExchange(words, CONTROL_SUCCESSION, word, (epoch << ROW_BITS) | row) !== word) return false;
  startHeir({ ...legacy, epoch, startEmpty }, onFailure);
  return true;
}

function startHeir(estate: Estate, onFailure: () => void): void {
  const worker = new Worker(new URL('./keeper.worker.js', import.meta.url), {
    name: 'cachalot keeper',
    execArgv: [],
    workerData: { first: false, estate },
    stdin: false,
  });
  worker.once('message', () => worker.unref());
  worker.on('error', (cause) => {
    process.emitWarning(`the keeper thread has failed: ${cause.stack}`, 'CachalotWarning');
  });
  worker.once('exit', onFailure);
}

/** For the main thread, which outlives all others: claims the succession, if it is still open. */
export function succeedInMain({ word, ...legacy }: Legacy & { word: number }): void {
  let starts = 1;
  const retry = (): void => {
    const now = Atomics.load(new Int32Array(legacy.control), CONTROL_SUCCESSION);
    if (starts++ < MAX_STARTS && (now & ROW_MASK) === MAIN_ROW) claim(legacy, now, MAIN_ROW, retry, true);
  };
  claim(legacy, word, MAIN_ROW, retry);
}

/**
 * The keeper that comes after the one of `epoch`, which has ended: started here, or by somebody else.
 *
 * @throws CacheClosedError when there is none in time, or the process has another arena by now.
 */
export async function successor(legacy: Legacy, epoch: number, row: number): Promise<KeeperPlace> {
  const search = new Search(legacy, epoch, row);
  try {
    return await search.run();
  } finally {
    search.end();
  }
}

class Search {
  readonly #words: Int32Array;
  readonly #rows: RowScan;
  readonly #arena: number;
  readonly #channel: BroadcastChannel;
  #found: KeeperPlace | undefined;
  #isForeign = false;
  /** How this thread is named in the word. */
  readonly #own: number;
  #starts = 0;
  #hasFailed = false;
  #wake: () => void = () => undefined;

  constructor(
    readonly legacy: Legacy,
    readonly epoch: number,
    row: number,
  ) {
    this.#own = isMainThread ? MAIN_ROW : row;
    this.#words = new Int32Array(legacy.control);
    this.#rows = new RowScan(legacy.control);
    this.#arena = new Float64Array(legacy.control)[CONTROL_ARENA]!;
    this.#channel = openChannel((call) => this.#hear(call));
  }

  async run(): Promise<KeeperPlace> {
    const until = performance.now() + PATIENCE_MS;
    let hasAskedMain = isMainThread;
    while (performance.now() < until) {
      const word = Atomics.load(this.#words, CONTROL_SUCCESSION);
      if (!hasAskedMain && epochOf(word) === this.epoch) {
        hasAskedMain = true;
        await this.#askMain(word);
      } else if (await this.#isOpen(word)) this.#claim(word);
      this.#channel.postMessage({ [TAG]: 'who' } satisfies ArenaCall);
      // Unasked: one that has been started before this thread knew of the end has said so when nobody heard it.
      this.#channel.postMessage({ [TAG]: 'wait' } satisfies ArenaCall);
      await this.#pause();
      if (this.#isForeign) throw ended('the caches of this process are kept by another one by now');
      if (this.#found !== undefined) return this.#found;
    }
    throw ended('none of the threads that are left could start another one');
  }

  end(): void {
    this.#channel.close();
  }

  /** Whether it is for anybody to claim: nobody has, or who has is gone, or it was this thread, and it went wrong. */
  async #isOpen(word: number): Promise<boolean> {
    if (epochOf(word) === this.epoch) return true;
    const row = word & ROW_MASK;
    if (row === this.#own) return this.#hasFailed && this.#starts < MAX_STARTS;
    const owner = row === MAIN_ROW ? undefined : this.#rows.owner(row);
    return owner !== undefined && isGone(owner.thread, owner.osThread);
  }

  #claim(word: number): void {
    const onFailure = (): void => {
      this.#hasFailed = true;
    };
    const startEmpty = this.#starts > 0;
    if (!claim(this.legacy, word, this.#own, onFailure, startEmpty)) return;
    this.#starts++;
    this.#hasFailed = false;
  }

  /** It lives longest: if it has loaded the library it is the one. It claims for itself, or, when that is late, in vain. */
  async #askMain(word: number): Promise<void> {
    const message = { [TAG]: 'succeed', ...this.legacy, word };
    await messageThread(MAIN_THREAD, message, MAIN_MS).catch(() => undefined);
  }

  #hear(call: ArenaCall): void {
    // Who looks for a keeper, or has started one of his own, is to wait for the one that comes.
    if (call[TAG] === 'who' || call[TAG] === 'candidate') {
      this.#channel.postMessage({ [TAG]: 'wait' } satisfies ArenaCall);
    } else if (call[TAG] === 'here') {
      if (call.arena !== this.#arena) this.#isForeign = true;
      else if (call.epoch > this.epoch) this.#found = call;
      this.#wake();
    }
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ASK_MS);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

function ended(why: string): CacheClosedError {
  return new CacheClosedError(`SharedCache: the keeper thread has ended, and ${why}`);
}
