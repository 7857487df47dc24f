import { MessageChannel, type MessagePort } from 'node:worker_threads';
import type { FromKeeper, Request, ToKeeper } from '../../src/arena/protocol.js';
import type { SegmentMap } from '../../src/arena/segment-map.js';
import { isPacked, type Packed, unpackAnswers, unpackPassed } from '../../src/arena/wire.js';
import type { Clock } from './clock.js';
import { promise } from './truth.js';

/** How long one waits for room, and how much longer it may take until he hears that there is none. */
export const RESERVE_MS = 40;
const PATIENCE_MS = 10;

/** What a thread waits for in the place of an answer: that the keeper tells of letters. */
export const TOLD = -1;

/** What the keeper finds in the place of a message: the port of its thread has closed. */
export const CLOSED = Symbol('closed');

export type Posted = ToKeeper | Packed | typeof CLOSED | (() => void);

/** A thread's port. What it posts waits until it is delivered. */
export class Wire {
  row = -1;
  readonly posted: Posted[] = [];
  readonly answers = new Map<number, FromKeeper>();
  /** Those that were given in what the keeper does now. */
  readonly given = new Map<number, FromKeeper>();
  readonly osThread = { id: '1', startedAt: '1' };
  state: 'open' | 'closed' | 'mourned' | 'forgotten' = 'open';
  /** Its thread has ended, whether the keeper has heard of it or not. */
  isDead = false;
  /** It has said that it does not use its row any more. */
  hasLeft = false;
  /** Since when somebody waits for room. */
  readonly waiting = new Map<number, number>();
  readonly #listeners = new Map<string, (message?: unknown) => void>();
  /** Requests that have no answer yet. */
  readonly asked = new Set<number>();
  /** Messages that were handed to the keeper. */
  handed = 0;
  /** Up to which letter the keeper has told its thread. */
  told: number | undefined;
  #next = 1;
  #last = 0;

  constructor(
    readonly thread: number,
    readonly port: MessagePort,
    readonly clock: Clock,
    segments: SegmentMap,
    welcome: (control: SharedArrayBuffer) => void,
    /** Called before anybody has an answer. */
    onAnswer: () => void,
  ) {
    // The port's own way would put aside what a listener throws.
    port.on = ((event: string, listener: (message?: unknown) => void) => {
      this.#listeners.set(event, listener);
      return port;
    }) as MessagePort['on'];
    const hear = (message: FromKeeper) => {
      if (message.op === 'welcome') {
        this.row = message.row;
        welcome(message.control);
      } else if (message.op === 'segment') {
        segments.add(message.segment, message.buffer);
      } else if (message.op === 'answer' || message.op === 'refuse') {
        onAnswer();
        this.answers.set(message.id, message);
        this.given.set(message.id, message);
        this.#inTime(message.id);
        promise(this.asked.delete(message.id) || this.isDead, 'a request is answered once');
      }
    };
    port.postMessage = (posted: FromKeeper | Packed) => {
      promise(this.state === 'open' || this.state === 'closed', 'nothing is posted to who is dead');
      const passed = isPacked(posted) ? unpackPassed(posted) : undefined;
      if (passed !== undefined) {
        this.told = passed;
        return;
      }
      for (const message of isPacked(posted) ? unpackAnswers(posted) : [posted]) hear(message);
    };
  }

  #inTime(id: number): void {
    const since = this.waiting.get(id);
    this.waiting.delete(id);
    const isInTime = since === undefined || this.clock.now <= since + RESERVE_MS + PATIENCE_MS;
    promise(isInTime, 'who waits for room is answered in his time');
  }

  /** Messages of its thread so far. */
  get said(): number {
    return this.handed + this.posted.filter((one) => typeof one === 'object').length;
  }

  /** What the keeper does when something arrives. */
  hear(event: 'message' | 'close', message?: ToKeeper | Packed): void {
    this.#listeners.get(event)!(message);
  }

  ask(request: ToKeeper & { id: number }): number {
    this.asked.add(request.id);
    this.posted.push(request);
    return request.id;
  }

  /** As `ask`, without posting: that is done by who gathers questions. */
  number(request: Request): ToKeeper & { id: number } {
    const id = this.nextId();
    this.asked.add(id);
    return { id, ...request };
  }

  /** A question has come to the keeper. */
  arrives(id: number): void {
    promise(id > this.#last, 'questions arrive in the order in which they were asked');
    this.#last = id;
  }

  nextId(): number {
    return this.#next++;
  }
}

const ports: MessagePort[] = [];

/** Ports are heavy, and nothing is ever sent over these. */
export function freePort(): MessagePort {
  return ports.pop() ?? new MessageChannel().port1;
}

export function givePortBack(port: MessagePort): void {
  ports.push(port);
}
