import { availableParallelism } from 'node:os';
import { monotonicNow } from '../common/clock.js';

/** How often waiting may have been in vain lately before it is given up, and how often it is tried again then. */
const MOST_CREDIT = 8;
const RETRY_EVERY = 8;
/** How many waits in vain are made up for by one that paid off. */
const GAIN = 2;

/** So often, in milliseconds, it is looked at whether processors are free. */
const LOOK_MS = 20;
/** Threads of this process that were made to wait for a processor, a millisecond: on a machine at rest there are few a second. */
const MOST_SWITCHES = 0.5;

/** With one processor whoever waits awake keeps the other from answering. */
const IS_ALONE = availableParallelism() === 1;

/** Whether there is a processor beside that of who waits, free or not. */
export function isAmongOthers(): boolean {
  return !IS_ALONE;
}

let lookedAt = 0;
let switches = 0;
let isCrowded = false;

/** Whether a thread that waits awake takes the processor from nobody, as far as the system tells. */
function hasProcessor(): boolean {
  if (IS_ALONE) return false;
  const now = monotonicNow();
  if (now - lookedAt < LOOK_MS) return !isCrowded;
  const { involuntaryContextSwitches: total } = process.resourceUsage();
  isCrowded = lookedAt > 0 && total - switches > MOST_SWITCHES * (now - lookedAt);
  lookedAt = now;
  switches = total;
  return !isCrowded;
}

/**
 * Whether it is worth staying awake for a message that may come soon: to be woken costs two or three times as much as
 * what the message asks for. Goes by what it was worth lately, so that a thread that is rarely asked pays for a few
 * microseconds now and then; and not at all where threads have to wait for processors, unless others wait for this very
 * one: there, who stays awake is the one that will have to wait.
 */
export class Patience {
  #credit = MOST_CREDIT / 2;
  #skipped = 0;

  constructor(readonly canWait: () => boolean = hasProcessor) {}

  /** To be asked before each wait. */
  get isWorthwhile(): boolean {
    if (!this.canWait()) return false;
    if (this.#credit > 0) return true;
    this.#skipped++;
    if (this.#skipped < RETRY_EVERY) return false;
    this.#skipped = 0;
    return true;
  }

  /** To be told after each wait. */
  note(paidOff: boolean): void {
    this.#credit = paidOff ? Math.min(MOST_CREDIT, this.#credit + GAIN) : Math.max(0, this.#credit - 1);
  }
}
