import { availableParallelism } from 'node:os';

/** How often waiting may have been in vain lately before it is given up, and how often it is tried again then. */
const MOST_CREDIT = 8;
const RETRY_EVERY = 8;

/** With one processor whoever waits awake keeps the other from answering. */
const CAN_WAIT = availableParallelism() > 1;

/**
 * Whether it is worth staying awake for a message that may come soon: to be woken costs two or three times as much as
 * what the message asks for. Goes by what it was worth lately, so that a thread that is rarely asked, or a machine whose
 * processors are all busy, pays for a few microseconds now and then.
 */
export class Patience {
  #credit = MOST_CREDIT / 2;
  #skipped = 0;

  constructor(readonly canWait = CAN_WAIT) {}

  /** To be asked before each wait. */
  get isWorthwhile(): boolean {
    if (!this.canWait) return false;
    if (this.#credit > 0) return true;
    this.#skipped++;
    if (this.#skipped < RETRY_EVERY) return false;
    this.#skipped = 0;
    return true;
  }

  /** To be told after each wait. */
  note(paidOff: boolean): void {
    this.#credit = paidOff ? Math.min(MOST_CREDIT, this.#credit + 2) : Math.max(0, this.#credit - 1);
  }
}
