import { monotonicNow } from '../common/clock.js';
import type { KeeperClient } from './keeper-client.js';
import { isAmongOthers, Patience } from './patience.js';
import type { ToKeeper } from './protocol.js';
import { bytesAsked, isPacked, type Packed } from './wire.js';

/** So long after a message the next one is waited for awake, in milliseconds. */
const WAIT_MS = 0.05;
/** Who was granted more bytes than these takes longer, to copy so many a millisecond: 3 GB/s is slow for warm memory. */
const COPY_BYTES = 256 * 2 ** 10;
const COPIED_A_MS = 3e6;
/** Beyond these to be woken is little beside the copy. */
const MOST_BYTES = 2 * 2 ** 20;
/** And so long in all before timers and other threads get their turn. */
const MOST_MS = 1;
/** Threads that are listened to meanwhile: those that have spoken last. */
const MOST_THREADS = 16;

/** What the keeper does with a message. */
export type Hearing = (client: KeeperClient, message: ToKeeper | Packed) => void;

/**
 * The keeper stays awake for a moment after each message: who asks for room commits soon, and to be woken for that costs
 * more than to do it.
 */
export class Attention {
  /** Where threads wait for processors, too: all who ask wait for this one, and to wake it costs them more than it takes from them. */
  readonly #usual = new Patience(isAmongOthers);
  /** What was granted may be for a copy, or for a decoder that takes its time: whether to wait for it is another question. */
  readonly #overCopies = new Patience();
  /** That of the present wait. */
  #patience = this.#usual;
  #speakers: KeeperClient[] = [];

  /**
   * A thread has spoken, and was answered: `hear` is given what is said next; `look` looks at what is said without a
   * message, and tells whether there was any. Whether it went on until its time was up.
   */
  stay(client: KeeperClient, said: ToKeeper | Packed, hear: Hearing, look: () => boolean = () => false): boolean {
    if (this.#speakers[0] !== client) {
      const others = this.#speakers.filter((one) => one !== client && !one.suspect);
      this.#speakers = [client, ...others].slice(0, MOST_THREADS);
    }
    const start = monotonicNow();
    let now = start;
    let until = this.#wait(said, start);
    while (now < until && now - start < MOST_MS) {
      const heard = this.#listen(hear);
      const hasLooked = look();
      now = monotonicNow();
      if (heard === undefined && !hasLooked) continue;
      this.#patience.note(true);
      until = this.#wait(heard, now);
    }
    if (until > 0 && now >= until) this.#patience.note(false);
    return now < until;
  }

  /** Until when the next message is waited for; 0 when it is not. */
  #wait(said: ToKeeper | Packed | undefined, now: number): number {
    const bytes = said !== undefined && isPacked(said) ? bytesAsked(said) : 0;
    if (bytes > MOST_BYTES) return 0;
    this.#patience = bytes > COPY_BYTES ? this.#overCopies : this.#usual;
    if (!this.#patience.isWorthwhile) return 0;
    return now + WAIT_MS + (bytes > COPY_BYTES ? bytes / COPIED_A_MS : 0);
  }

  /** Takes in one message of each, and gives the last of them. */
  #listen(hear: Hearing): ToKeeper | Packed | undefined {
    let said: ToKeeper | Packed | undefined;
    for (const client of this.#speakers) {
      if (client.port === undefined || client.suspect) continue;
      const next = client.bells?.asked.hear(client.port);
      if (next === undefined) continue;
      said = next.message as ToKeeper | Packed;
      hear(client, said);
    }
    return said;
  }
}
