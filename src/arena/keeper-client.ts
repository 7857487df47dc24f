import type { MessagePort, TransferListItem } from 'node:worker_threads';
import type { Arena } from './arena.js';
import { type Bells, bellsOf } from './bell.js';
import { toRef } from './layout.js';
import { LetterReader } from './letter-reader.js';
import { hasEnded, type OsThread } from './os-thread.js';
import { type AppraiseMessage, type CacheNews, type FromKeeper, TAG } from './protocol.js';
import { messageThread } from './thread-message.js';
import { isPacked, joined, type Packed, packAnswer, packPassed } from './wire.js';

/** How often a thread that seems to have ended is asked whether it has, at first and at most, in milliseconds. */
const FIRST_ASK_MS = 2;
const LAST_ASK_MS = 100;
/** Events that a thread was told of and has not heard yet. What comes beyond is dropped, counted, and announced. */
const MAX_UNHEARD = 100_000;
/** So many questions wait for a thread that has not come yet; entries beyond stay as they are. */
const MAX_OWED = 10_000;
/** How long an answer of it may take. */
const TIMEOUT_MS = 1000;

/** A thread that is attached, as the keeper sees it. */
export class KeeperClient {
  /** Slots promised to the thread, by ref. */
  readonly #holds = new Map<number, { count: number; record: number }>();
  #answers: FromKeeper[] = [];
  #unheard = 0;
  /** Events that were dropped and not announced yet, by cache. */
  readonly #lost = new Map<number, number>();
  readonly reservations = new Set<number>();
  readonly subscriptions = new Set<number>();
  /** Where the keeper and the thread stay awake for each other. */
  readonly bells: Bells | undefined;
  /** What it sends without a message. */
  readonly letters: LetterReader | undefined;
  /** Its port has closed: it is ending or has ended. */
  suspect: boolean;
  /** It has said that it does not use its row any more. */
  hasLeft = false;
  /** What it is to be asked when it comes to this keeper. */
  readonly owed: AppraiseMessage[] = [];

  constructor(
    readonly row: number,
    readonly thread: number,
    readonly osThread: OsThread | undefined,
    /** None: of a thread that was attached to an earlier keeper, and has not come to this one yet. */
    readonly port: MessagePort | undefined,
    readonly arena: Arena,
    hasBells = false,
  ) {
    this.suspect = port === undefined;
    this.letters = port && new LetterReader(arena.control, row);
    this.bells = hasBells ? bellsOf(arena.control, row) : undefined;
  }

  /** Sends a message; an answer waits for `flush`, so that who has it finds its effects told and in the ledger. */
  send(message: FromKeeper): void {
    if (message.op === 'answer' || message.op === 'refuse') this.#answers.push(message);
    else if (!this.suspect) this.port?.postMessage(message);
    else if (message.op === 'appraise' && this.#isAwaited) this.owed.push(message);
  }

  /** Whether it may come, and is owed what would be lost else. */
  get #isAwaited(): boolean {
    return this.port === undefined && !this.hasLeft && this.owed.length < MAX_OWED;
  }

  /** As `send`, handing something over. */
  order(message: FromKeeper & { op: 'order' }, transfer: readonly TransferListItem[]): void {
    if (!this.suspect) this.port?.postMessage(message, transfer);
  }

  flush(): void {
    if (this.owed.length > 0 && this.port !== undefined) for (const message of this.owed.splice(0)) this.send(message);
    if (this.#answers.length > 0) this.#flushAnswers();
    // Behind them: who takes notice of letters has looked at the port.
    const passed = this.letters?.publish();
    if (passed !== undefined && !this.suspect) this.port?.postMessage(packPassed(passed));
  }

  #flushAnswers(): void {
    const answers = this.#answers;
    this.#answers = [];
    if (this.suspect) return;
    const gathered: Packed[] = [];
    for (const answer of answers) {
      const message = answer.op === 'answer' ? packAnswer(answer) : answer;
      if (isPacked(message)) {
        gathered.push(message);
        continue;
      }
      this.#post(gathered.splice(0));
      this.port?.postMessage(message);
    }
    this.#post(gathered);
    this.bells?.answered.ring();
  }

  #post(answers: readonly Packed[]): void {
    if (answers.length > 0) this.port?.postMessage(joined(answers));
  }

  /** Tells the thread's listeners, if it has any. */
  tell(cache: number, news: readonly CacheNews[]): void {
    if (!this.subscriptions.has(cache) || this.suspect) return;
    const told = news.slice(0, MAX_UNHEARD - this.#unheard);
    const lost = this.#lost.get(cache) ?? 0;
    this.#lost.set(cache, news.length - told.length + (told.length > 0 ? 0 : lost));
    if (told.length === 0) return;
    this.#unheard += told.length;
    this.send({ op: 'news', cache, news: told, lost });
  }

  /** The thread has told so many events to its listeners. */
  noteHeard(count: number): void {
    this.#unheard = Math.max(0, this.#unheard - count);
    for (const [cache, lost] of this.#lost) {
      if (lost > 0) this.send({ op: 'news', cache, news: [], lost });
    }
    this.#lost.clear();
  }

  hold(cache: number, slot: number): void {
    const ref = toRef(cache, slot);
    const hold = this.#holds.get(ref);
    if (hold) hold.count++;
    else this.#holds.set(ref, { count: 1, record: this.arena.ledger.hold(this.row, ref) });
    this.arena.hold(ref);
  }

  /** A hold that an earlier keeper has given. */
  adoptHold(ref: number, record: number): void {
    this.#holds.set(ref, { count: 1, record });
    this.arena.hold(ref);
  }

  unhold(cache: number, slot: number): void {
    const ref = toRef(cache, slot);
    const hold = this.#holds.get(ref);
    if (hold === undefined) return;
    hold.count--;
    if (hold.count === 0) {
      this.#holds.delete(ref);
      this.arena.ledger.erase(hold.record);
    }
    this.arena.unhold(ref);
  }

  releaseHolds(): void {
    for (const [ref, { count, record }] of this.#holds) {
      this.arena.ledger.erase(record);
      for (let i = 0; i < count; i++) this.arena.unhold(ref);
    }
    this.#holds.clear();
  }
}

/**
 * Resolves once a thread whose port has closed is proven to be gone. A closed port is no proof: native calls of a dying
 * thread, such as a read into a reservation, go on writing for a while.
 *
 * Where the system tells its threads apart it is asked, which needs nobody's help. Elsewhere a message is the question:
 * a thread that is gone cannot be found, one that is still dying lets the question time out. That goes by the main
 * thread, and never ends for a thread that was killed together with the thread that had created it: Node takes it for
 * alive, so what it held stays put aside. It is asked for as long as `isWanted`.
 */
export async function provenGone(
  thread: number,
  osThread: OsThread | undefined,
  isWanted: () => boolean = () => true,
): Promise<void> {
  for (let pause = FIRST_ASK_MS; isWanted(); pause = Math.min(pause * 2, LAST_ASK_MS)) {
    if (osThread === undefined ? await cannotBeFound(thread) : hasEnded(osThread)) return;
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}

/** Whether it is proven to be gone by now. */
export async function isGone(thread: number, osThread: OsThread | undefined): Promise<boolean> {
  return osThread === undefined ? cannotBeFound(thread) : hasEnded(osThread);
}

async function cannotBeFound(thread: number): Promise<boolean> {
  try {
    await messageThread(thread, { [TAG]: 'alive' }, TIMEOUT_MS);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ERR_WORKER_MESSAGING_FAILED';
  }
}
