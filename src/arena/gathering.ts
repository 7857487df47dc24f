import type { TransferListItem } from 'node:worker_threads';
import type { ToKeeper } from './protocol.js';
import { isPacked, joined, NUDGE, type Packed } from './wire.js';

/** So many questions go in one message: beyond, the keeper can begin while the thread is still asking. */
const MOST_GATHERED = 32;

/**
 * What a thread says to the keeper, in the order in which it is said. To post a message costs the keeper as much as what
 * a small write asks of it. So the first question of a turn goes at once, as nobody knows whether it is the only one;
 * those behind it are gathered, and go together when the turn is over, or before whatever cannot go with them.
 *
 * Only what is packed is gathered: numbers and strings can be cloned, so a question is refused by the port when it is
 * said, or never. What was not posted was not asked: a thread may end in between.
 */
export class Gathering {
  #gathered: Packed[] = [];
  /** Messages so far, to this keeper. */
  #posted = 0;
  /** A question has gone already in this turn. */
  #hasAsked = false;
  /** Something was said by another way, and it is not known whether the keeper is awake. */
  #mustNudge: (() => boolean) | undefined;
  readonly #endTurn = (): void => {
    this.#hasAsked = false;
    this.flush();
    const mustNudge = this.#mustNudge;
    this.#mustNudge = undefined;
    if (mustNudge?.()) this.#post(NUDGE);
  };

  constructor(
    readonly post: (message: ToKeeper | Packed, transfer?: readonly TransferListItem[]) => void,
    /** Has something done when the turn is over. */
    readonly defer: (act: () => void) => void = queueMicrotask,
  ) {}

  /** @throws what the port throws when the message, or what goes with it, cannot be cloned. */
  say(message: ToKeeper | Packed, transfer?: readonly TransferListItem[]): void {
    if (this.#hasAsked && isPacked(message)) {
      if (this.#gathered.push(message) === MOST_GATHERED) this.flush();
      return;
    }
    this.flush();
    this.#post(message, transfer);
    // A notice has no answer: the question behind it may be the only one.
    if (this.#hasAsked || !(isPacked(message) || 'id' in message)) return;
    this.#hasAsked = true;
    this.defer(this.#endTurn);
  }

  /** Posts what was gathered so far. */
  flush(): void {
    if (this.#gathered.length === 0) return;
    const gathered = this.#gathered;
    this.#gathered = [];
    this.#post(joined(gathered));
  }

  /**
   * Says something by another way, behind all that was said so far: `send` is told how many messages these are. As with
   * questions, `mustNudge` is asked at once for the first of a turn, and for the rest when the turn is over.
   */
  beside(send: (posted: number) => void, mustNudge: () => boolean): void {
    this.flush();
    send(this.#posted);
    if (this.#hasAsked) {
      this.#mustNudge = mustNudge;
      return;
    }
    if (mustNudge()) this.#post(NUDGE);
    this.#hasAsked = true;
    this.defer(this.#endTurn);
  }

  /** Forgets what was gathered: there is nobody to be asked, and who is there next is asked anew. */
  drop(): void {
    this.#gathered = [];
    this.#mustNudge = undefined;
    this.#posted = 0;
  }

  #post(message: ToKeeper | Packed, transfer?: readonly TransferListItem[]): void {
    this.post(message, transfer);
    this.#posted = (this.#posted + 1) | 0;
  }
}
