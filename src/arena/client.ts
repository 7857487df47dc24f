import {
  MessageChannel,
  type MessagePort,
  postMessageToThread,
  receiveMessageOnPort,
  type TransferListItem,
} from 'node:worker_threads';
import { CacheClosedError, CacheConfigError } from '../common/error.js';
import { invariant } from '../common/invariant.js';
import { isTagged } from './discovery.js';
import { PROTOCOL_VERSION } from './layout.js';
import { osThread } from './os-thread.js';
import type { AppraiseMessage, CacheNews, FromKeeper, LoaderOrder, Notice, Request } from './protocol.js';
import { TAG } from './protocol.js';
import { SegmentMap } from './segment-map.js';
import { ThreadRow } from './thread-row.js';
import { isPacked, type Packed, packRequest, unpackAnswer } from './wire.js';
import { fromWire } from './wire-error.js';

const CONNECT_MS = 10_000;
const MAX_FAILURES = 1_000;
/** The keeper is told at least so often how many events were heard. */
const HEARD_AT_ONCE = 1_000;

interface Pending {
  resolve: (result: never) => void;
  reject: (error: unknown) => void;
}

/** What a cache in this thread wants to hear from the keeper. */
export interface CacheListener {
  onNews(news: readonly CacheNews[], lost: number): void;
  onClosed(): void;
  onAppraise?(message: AppraiseMessage): void;
}

/**
 * A thread's line to the keeper: one port, requests and answers matched by number. Keeps the process alive while an
 * answer is outstanding, and at no other time.
 */
export class ArenaClient {
  readonly segments = new SegmentMap(() => this.#drain());
  /** The keeper's thread. */
  keeper = -1;
  readonly #listeners = new Map<number, Map<object, CacheListener>>();
  /** Called when a flight that this thread leads is to stop. */
  readonly cancels = new Map<number, () => void>();
  /** Called when a load that this thread has asked for has yielded a value, by its request. */
  readonly appraisals = new Map<number, (message: AppraiseMessage) => void>();
  /** Called with what the keeper wants of the pool that this thread lends to a cache. */
  readonly orders = new Map<number, (order: LoaderOrder) => void>();
  #row: ThreadRow | undefined;
  /** What the loads failed with that this thread has led lately. */
  readonly #failures = new Map<number, unknown>();
  /** Who listens to a cache in this thread. */
  readonly #listening = new Map<number, Set<object>>();
  #heard = 0;
  #pending = new Map<number, Pending>();
  #next = 1;
  #lost: CacheClosedError | undefined;

  private constructor(
    readonly port: MessagePort,
    readonly welcomed: (error?: Error) => void,
  ) {
    port.on('message', (message: FromKeeper | Packed) => this.#receive(message));
    port.on('close', () => this.#lose());
  }

  /** Connects this thread to the keeper in the given one. */
  static async connect(keeper: number): Promise<ArenaClient> {
    answerToLife();
    const { port1, port2 } = new MessageChannel();
    const message = { [TAG]: 'connect', version: PROTOCOL_VERSION, port: port2, osThread: osThread() };
    let client: ArenaClient | undefined;
    const welcome = new Promise<void>((resolve, reject) => {
      client = new ArenaClient(port1, (error) => (error ? reject(error) : resolve()));
    });
    await postMessageToThread(keeper, message, [port2], CONNECT_MS).catch((cause) => {
      client?.welcomed(
        new CacheConfigError('SharedCache: the keeper thread of this process does not answer', { cause }),
      );
    });
    try {
      await welcome;
    } catch (error) {
      // The keeper may still come to it, and must not wait for the end of this thread.
      port1.postMessage({ op: 'bye' } satisfies Notice);
      port1.close();
      throw error;
    }
    port1.unref();
    return client!;
  }

  /** This thread's own row of the control buffer. */
  get row(): ThreadRow {
    invariant(this.#row, 'a client that was welcomed has a row');
    return this.#row;
  }

  get isLost(): boolean {
    return this.#lost !== undefined;
  }

  /** Asks the keeper. Rejects with what it refuses with, or with CacheClosedError when it ends. */
  request<T>(request: Request): Promise<T> {
    return this.ask<T>(request).answer;
  }

  /** As `request`, and gives the number of the request too. What is in `transfer` is handed over. */
  ask<T>(request: Request, transfer?: readonly TransferListItem[]): { id: number; answer: Promise<T> } {
    const id = this.#next++;
    if (this.#lost) return { id, answer: Promise.reject(this.#lost) };
    const answer = new Promise<T>((resolve, reject) => {
      // First, since what cannot be cloned throws here, and must leave no wait behind.
      if (transfer === undefined) this.port.postMessage(packRequest(id, request));
      else this.port.postMessage({ id, ...request }, transfer);
      if (this.#pending.size === 0) this.port.ref();
      this.#pending.set(id, { resolve, reject });
    });
    return { id, answer };
  }

  notify(notice: Notice): void {
    if (!this.#lost) this.port.postMessage(notice);
  }

  /** This thread lives on and will not use the arena any more. */
  leave(): void {
    this.notify({ op: 'bye' });
    this.port.close();
  }

  /** Lets a cache hear of itself. Several of a thread may be the same cache: each is an `owner`. */
  attach(cache: number, owner: object, listener: CacheListener): void {
    const listeners = this.#listeners.get(cache) ?? new Map<object, CacheListener>();
    this.#listeners.set(cache, listeners.set(owner, listener));
  }

  detach(cache: number, owner: object): void {
    this.#listeners.get(cache)?.delete(owner);
  }

  /** The listeners of `owner` want to hear of a cache, or no longer. The keeper is asked for the first and the last. */
  async listen(cache: number, owner: object, isListening: boolean): Promise<void> {
    const owners = this.#listening.get(cache) ?? new Set();
    const had = owners.size > 0;
    if (isListening) this.#listening.set(cache, owners.add(owner));
    else owners.delete(owner);
    if (owners.size > 0 === had) return;
    if (had) this.#listening.delete(cache);
    await this.request({ op: 'subscribe', cache, listening: !had });
  }

  #tell(cache: number, what: (listener: CacheListener) => void): void {
    for (const listener of this.#listeners.get(cache)?.values() ?? []) what(listener);
  }

  #receive(posted: FromKeeper | Packed): void {
    const message = isPacked(posted) ? unpackAnswer(posted) : posted;
    switch (message.op) {
      case 'answer':
        this.#take(message.id)?.resolve(message.result as never);
        break;
      case 'refuse':
        if (message.id === 0) this.welcomed(fromWire(message.error));
        this.#take(message.id)?.reject(this.#errorOf(message));
        break;
      case 'segment':
        this.segments.add(message.segment, message.buffer);
        break;
      case 'news':
        this.#tell(message.cache, (listener) => listener.onNews(message.news, message.lost));
        this.#noteHeard(message.news.length);
        break;
      case 'appraise': {
        const appraise = this.appraisals.get(message.request);
        if (appraise) appraise(message);
        else if (message.request === 0) this.#tell(message.cache, (listener) => listener.onAppraise?.(message));
        break;
      }
      case 'closed':
        this.#tell(message.cache, (listener) => listener.onClosed());
        this.#listeners.delete(message.cache);
        this.#listening.delete(message.cache);
        break;
      case 'order':
        this.orders.get(message.cache)?.(message.order);
        break;
      case 'cancel':
        this.cancels.get(message.flight)?.();
        break;
      case 'welcome':
        this.#row = new ThreadRow(message.control, message.row);
        this.keeper = message.keeper;
        this.welcomed();
        break;
    }
  }

  #noteHeard(count: number): void {
    this.#heard += count;
    if (this.#heard < HEARD_AT_ONCE) return;
    this.notify({ op: 'heard', count: this.#heard });
    this.#heard = 0;
  }

  /** A load that this thread leads has failed: those of this thread who wait for it get the very error. */
  noteFailure(flight: number, error: unknown): void {
    if (this.#failures.size >= MAX_FAILURES) this.#failures.delete(this.#failures.keys().next().value ?? 0);
    this.#failures.set(flight, error);
  }

  #errorOf({ error, flight = 0 }: FromKeeper & { op: 'refuse' }): unknown {
    return this.#failures.has(flight) ? this.#failures.get(flight) : fromWire(error);
  }

  #take(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    if (this.#pending.size === 0) this.port.unref();
    return pending;
  }

  /** Takes in what the keeper has sent already, within this turn of the event loop. */
  #drain(): void {
    const others: (FromKeeper | Packed)[] = [];
    for (let next = receiveMessageOnPort(this.port); next !== undefined; next = receiveMessageOnPort(this.port)) {
      const message = next.message as FromKeeper | Packed;
      if (!isPacked(message) && message.op === 'segment') this.#receive(message);
      else others.push(message);
    }
    // A read is under way: whoever is told now could read too. They are told before the port's next message.
    if (others.length > 0)
      queueMicrotask(() => {
        for (const message of others) this.#receive(message);
      });
  }

  #lose(): void {
    this.#lost = keeperEnded();
    this.welcomed(this.#lost);
    for (const { reject } of this.#pending.values()) reject(this.#lost);
    this.#pending.clear();
    for (const cache of this.#listeners.keys()) this.#tell(cache, (listener) => listener.onClosed());
  }
}

function keeperEnded(): CacheClosedError {
  return new CacheClosedError('SharedCache: the keeper thread has ended, with the thread that had started it');
}

let answering = false;

/** A thread that is attached can be asked whether it lives: who has no listener cannot be told from one that is gone. */
function answerToLife(): void {
  if (answering) return;
  answering = true;
  process.on('workerMessage', (message: unknown) => isTagged(message, 'alive'));
}
