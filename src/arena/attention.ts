import { receiveMessageOnPort } from 'node:worker_threads';
import { monotonicNow } from '../common/clock.js';
import type { KeeperClient } from './keeper-client.js';
import { Patience } from './patience.js';
import type { ToKeeper } from './protocol.js';
import { bytesAsked, isPacked, type Packed } from './wire.js';

/** So long after a message the next one is waited for awake, in milliseconds. */
const WAIT_MS = 0.05;
/** Who was granted more bytes than these takes longer to write them. */
const MOST_BYTES = 256 * 2 ** 10;
/** And so long in all before timers and other threads get their turn. */
const MOST_MS = 1;
/** Threads that are listened to meanwhile: those that have spoken last. */
const MOST_THREADS = 4;

/** What the keeper does with a message. */
export type Hearing = (client: KeeperClient, message: ToKeeper | Packed) => void;

/**
 * The keeper stays awake for a moment after each message: who asks for room commits soon, and to be woken for that costs
 * more than to do it.
 */
export class Attention {
  readonly #patience = new Patience();
  #speakers: KeeperClient[] = [];
  #waitMs = WAIT_MS;

  /** A thread has spoken, and was answered: `hear` is given what is said next. */
  stay(client: KeeperClient, said: ToKeeper | Packed, hear: Hearing): void {
    this.#waitMs = WAIT_MS;
    this.#consider(said);
    if (this.#speakers[0] !== client) {
      const others = this.#speakers.filter((one) => one !== client && !one.suspect);
      this.#speakers = [client, ...others].slice(0, MOST_THREADS);
    }
    if (this.#waitMs === 0 || !this.#patience.isWorthwhile) return;
    const start = monotonicNow();
    let last = start;
    for (let now = start; now - last < this.#waitMs && now - start < MOST_MS; now = monotonicNow()) {
      if (this.#listen(hear)) last = now;
    }
    if (this.#waitMs > 0 || last > start) this.#patience.note(last > start);
  }

  /** Takes in one message of each. Whether there was one. */
  #listen(hear: Hearing): boolean {
    let heard = false;
    for (const client of this.#speakers) {
      if (client.port === undefined || client.suspect) continue;
      const next = receiveMessageOnPort(client.port);
      if (next === undefined) continue;
      heard = true;
      this.#waitMs = WAIT_MS;
      const said = next.message as ToKeeper | Packed;
      hear(client, said);
      this.#consider(said);
    }
    return heard;
  }

  /** What was asked for may take its time to be used. */
  #consider(said: ToKeeper | Packed): void {
    if (isPacked(said) && bytesAsked(said) > MOST_BYTES) this.#waitMs = 0;
  }
}
