import { AsyncResource } from 'node:async_hooks';
import { isMainThread, type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { monotonicNow } from '../common/clock.js';
import type { Bells } from './bell.js';
import type { LetterSender } from './letter-sender.js';
import { Patience } from './patience.js';
import type { FromKeeper, Request } from './protocol.js';
import { isPacked, type Packed } from './wire.js';

/** How long an answer is waited for awake, in milliseconds: the main thread has others to serve. */
const WAIT_MS = isMainThread ? 0.04 : 0.08;
/** And how long the event loop may have been without its turn: beyond, the next answer comes by it. */
const MOST_MS = isMainThread ? 0.6 : 2;
/** A look takes less than a tenth of a microsecond; so many at most, for those whose clock stands still in a test. */
const MOST_LOOKS = 10_000;

/**
 * What the keeper sends to a thread, in the order in which it was sent, by whatever way it is taken off the port: by the
 * event loop; within a read that has met an unknown segment; or just after a question, by who stays awake for the answer.
 */
export class Inbox {
  /** Taken off the port, and not told yet. */
  #late: (FromKeeper | Packed)[] = [];
  /** When the first wait of this turn of the event loop has begun; 0 before that. */
  #turnStart = 0;
  /** Questions of this turn, and the last of them. */
  #asked = 0;
  #last = 0;
  /** Those of this turn, if any were sent. */
  #letters: LetterSender | undefined;
  /** Listeners are called as the port's events would call them, not in the name of who happens to wait. */
  readonly #tell: (message: FromKeeper | Packed) => void;

  constructor(
    readonly receive: (message: FromKeeper | Packed) => void,
    /** Whether a question is still open. */
    readonly isOpen: (id: number) => boolean,
    readonly port: () => MessagePort | undefined,
    /** Rung when there is an answer. */
    readonly bell: () => Bells['answered'] | undefined,
    readonly patience = new Patience(),
    readonly waitMs = WAIT_MS,
  ) {
    this.#tell = AsyncResource.bind(receive);
  }

  /** A message that the event loop has brought. */
  hear(message: FromKeeper | Packed): void {
    this.#tellLate();
    this.receive(message);
  }

  /** Takes in segments that were announced already, within this turn of the event loop. */
  drain(): void {
    const port = this.port();
    if (port === undefined) return;
    const wasEmpty = this.#late.length === 0;
    for (let next = receiveMessageOnPort(port); next !== undefined; next = receiveMessageOnPort(port)) {
      const message = next.message as FromKeeper | Packed;
      if (!isPacked(message) && message.op === 'segment') this.receive(message);
      else this.#late.push(message);
    }
    // A read is under way: whoever is told now could read too. They are told before the port's next message.
    if (wasEmpty && this.#late.length > 0) queueMicrotask(() => this.#tellLate());
  }

  /** A question was posted: when it is the only one of this turn, and soon answered, its answer is waited for. */
  expect(id: number, { op }: Request): void {
    if (!isQuick(op)) return;
    this.#last = id;
    this.#asked++;
    if (this.#asked === 1 && this.#letters === undefined) queueMicrotask(() => this.#wait());
  }

  /** Letters were sent, or are still under way: they are waited for as one question. */
  expectLetters(letters: LetterSender): void {
    if (this.#letters === undefined && this.#asked === 0) queueMicrotask(() => this.#wait());
    this.#letters = letters;
  }

  #wait(): void {
    const letters = this.#letters;
    const isAlone = this.#asked === 1;
    this.#asked = 0;
    this.#letters = undefined;
    const port = this.port();
    if (port === undefined) return;
    if (isAlone || letters !== undefined) this.#stay(port, isAlone ? this.#last : 0, letters);
    if (letters !== undefined) this.#want(port, letters);
  }

  /** Waits awake for the answer to a question, or for that to all letters. */
  #stay(port: MessagePort, id: number, letters: LetterSender | undefined): void {
    if (!this.patience.isWorthwhile) return;
    const isAwaited = () => letters?.isOpen === true || (id > 0 && this.isOpen(id));
    const start = monotonicNow();
    if (this.#turnStart === 0) this.#beginTurn(start);
    if (start - this.#turnStart > MOST_MS) return;
    let now = start;
    this.#tellLate();
    for (let looks = 0; isAwaited() && now - start < this.waitMs && looks < MOST_LOOKS; looks++) {
      const passed = letters?.passed ?? 0;
      if (!this.#hear(port)) letters?.notice(passed);
      now = monotonicNow();
    }
    this.patience.note(!isAwaited());
  }

  /** From now on the port tells of letters. */
  #want(port: MessagePort, letters: LetterSender): void {
    const passed = letters.want();
    if (passed === undefined) return;
    this.#tellLate();
    while (this.#hear(port)) {
      // What was said before.
    }
    letters.notice(passed);
  }

  /** Takes in the next message, if there is one. */
  #hear(port: MessagePort): boolean {
    const bell = this.bell();
    const next = bell === undefined ? receiveMessageOnPort(port) : bell.hear(port);
    if (next !== undefined) this.#pass(next.message as FromKeeper | Packed);
    // Who was told has read, perhaps, and what came then is older than what comes next.
    this.#tellLate();
    return next !== undefined;
  }

  #beginTurn(now: number): void {
    this.#turnStart = now;
    setImmediate(() => {
      this.#turnStart = 0;
    }).unref();
  }

  #pass(message: FromKeeper | Packed): void {
    if (isPacked(message)) this.receive(message);
    else this.#tell(message);
  }

  #tellLate(): void {
    if (this.#late.length === 0) return;
    const late = this.#late;
    this.#late = [];
    for (const message of late) this.#pass(message);
  }
}

/** Whether the keeper answers at once, as a rule: not what waits for a thread, a turn, or a file. */
function isQuick(op: Request['op']): boolean {
  switch (op) {
    case 'reserve':
    case 'extend':
    case 'commit':
    case 'store':
    case 'claim':
    case 'abort':
    case 'remove':
    case 'take':
    case 'touch':
    case 'expire':
      return true;
    default:
      return false;
  }
}
