import { MessageChannel, type MessagePort, postMessageToThread, type TransferListItem } from 'node:worker_threads';
import { CacheConfigError } from '../common/error.js';
import { invariant } from '../common/invariant.js';
import { tableOf } from './adoption.js';
import type { CacheListener } from './cache-listener.js';
import { Gathering } from './gathering.js';
import { Inbox } from './inbox.js';
import { answerToLife, hasEnded, KeeperLostError, keeperEnded } from './keeper-lost.js';
import { PROTOCOL_VERSION } from './layout.js';
import { Mail } from './mail.js';
import { osThread } from './os-thread.js';
import { type OwnMemory, ownMemory } from './own-memory.js';
import { endedBy, isStale, KnownCaches, LedFailures, type Pending, PendingRequests } from './pending.js';
import type { AppraiseMessage, FromKeeper, LoaderOrder, Notice, Rejoin, Request, Welcome } from './protocol.js';
import { TAG } from './protocol.js';
import { SegmentMap } from './segment-map.js';
import { successor } from './succession.js';
import { isPacked, type Packed, packRequest, unpackAnswers, unpackPassed } from './wire.js';
import { fromWire } from './wire-error.js';

const CONNECT_MS = 10_000;
/** One that has answered just now, and does not any more, may be dying: then another one is to be looked for soon. */
const REJOIN_MS = 500;
const MAX_AMENDS = 1_000;
/** The keeper is told at least so often how many events were heard. */
const HEARD_AT_ONCE = 1_000;

/**
 * A thread's line to the keeper: one port, requests and answers matched by number. Keeps the process alive while an
 * answer is outstanding, and at no other time.
 */
export class ArenaClient {
  readonly segments = new SegmentMap(() => this.#inbox.drain());
  /** The keeper's thread. */
  keeper = -1;
  readonly #listeners = new Map<number, Map<object, CacheListener>>();
  /** Called when a flight that this thread leads is to stop. */
  readonly cancels = new Map<number, () => void>();
  /** Called when a load that this thread has asked for has yielded a value, by its request. */
  readonly appraisals = new Map<number, (message: AppraiseMessage) => void>();
  /** Called with what the keeper wants of the pool that this thread lends to a cache. */
  readonly orders = new Map<number, (order: LoaderOrder) => void>();
  #own: OwnMemory | undefined;
  #mail: Mail | undefined;
  #isWelcome = false;
  #isSearching = false;
  /** What the loads failed with that this thread has led lately. */
  readonly #failures = new LedFailures();
  /** Who listens to a cache in this thread. */
  readonly #listening = new Map<number, Set<object>>();
  #heard = 0;
  readonly #pending = new PendingRequests();
  readonly #caches = new KnownCaches();
  /** What functions have said lately: a keeper that has ended may not have heard it, nor one that is not there yet. */
  readonly #amends: Notice[] = [];
  readonly #inbox = new Inbox(
    (message) => this.#receive(message),
    (id) => this.#pending.has(id),
    () => this.#port,
    () => this.#own?.bells.answered,
  );
  readonly #gathering = new Gathering((message, transfer) => {
    this.#port?.postMessage(message, transfer);
    this.#own?.bells.asked.ring();
  });
  #next = 1;
  #epoch = 0;
  /** `undefined` while there is no keeper. */
  #port: MessagePort | undefined;
  #welcomed: (error?: Error) => void = () => undefined;
  #lost: Error | undefined;

  private constructor(
    /** Whether this thread goes on when the keeper ends: not so a thread of the keeper's own. */
    readonly survives: boolean,
    port?: MessagePort,
  ) {
    if (port) this.#listen(port);
  }

  /** Connects this thread to the keeper in the given one. Threads that the keeper has started end with it. */
  static async connect(keeper: number, { survives = true } = {}): Promise<ArenaClient> {
    answerToLife();
    const client = new ArenaClient(survives);
    await client.#connect(keeper);
    return client;
  }

  async #connect(keeper: number, rejoin?: Rejoin): Promise<void> {
    const { port1, port2 } = new MessageChannel();
    const message = { [TAG]: 'connect', version: PROTOCOL_VERSION, port: port2, osThread: osThread(), rejoin };
    const welcome = new Promise<void>((resolve, reject) => {
      this.#welcomed = (error) => (error ? reject(error) : resolve());
      // Not waited for: the keeper may end, or refuse, before it has said that it has the message.
      postMessageToThread(keeper, message, [port2], rejoin ? REJOIN_MS : CONNECT_MS).catch((cause) => {
        reject(new CacheConfigError('SharedCache: the keeper thread of this process does not answer', { cause }));
      });
    });
    this.#listen(port1);
    try {
      await welcome;
    } catch (error) {
      this.#port = undefined;
      // The keeper may still come to it, and must not wait for the end of this thread; but a row that is used stays.
      if (!rejoin) port1.postMessage({ op: 'bye' } satisfies Notice);
      port1.close();
      throw error;
    }
    if (this.#pending.size === 0) port1.unref();
  }

  #listen(port: MessagePort): void {
    this.#port = port;
    port.on('message', (message: FromKeeper | Packed) => this.#inbox.hear(message));
    port.on('close', () => this.#lose(port));
  }

  /** This thread's own row of the control buffer. */
  get row(): OwnMemory['row'] {
    invariant(this.#own, 'a client that was welcomed has a row');
    return this.#own.row;
  }

  /** And its box. */
  get outbox(): OwnMemory['outbox'] {
    invariant(this.#own, 'a client that was welcomed has a box');
    return this.#own.outbox;
  }

  /** Whether it waits for nothing. */
  get isIdle(): boolean {
    return this.#pending.size === 0;
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
    if (isStale(request, this.#epoch)) return { id, answer: this.#giveUp(request) };
    const answer = new Promise<T>((resolve, reject) => {
      // First, since what cannot be cloned throws here, and must leave no wait behind.
      if (this.#isWelcome) this.#post(id, request, transfer);
      if (this.#pending.size === 0) this.#port?.ref();
      this.#pending.add(id, { request, transfer, resolve, reject });
      if (this.#isWelcome) this.#inbox.expect(id, request);
    });
    return { id, answer };
  }

  notify(notice: Notice): void {
    if (this.#isWelcome) this.#gathering.say(notice);
    if (notice.op === 'amend' && this.#amends.push(notice) > MAX_AMENDS) this.#amends.shift();
  }

  /** What an earlier keeper has granted is written in vain; the one that is there now is told that it is free. */
  async #giveUp(request: Request): Promise<never> {
    for (const reservation of endedBy(request)) await this.request({ op: 'abort', reservation });
    throw new KeeperLostError(request.op);
  }

  /** This thread lives on and will not use the arena any more. */
  leave(): void {
    this.notify({ op: 'bye' });
    this.#port?.close();
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

  #receive(message: FromKeeper | Packed): void {
    if (isPacked(message)) {
      const passed = unpackPassed(message);
      if (passed !== undefined) this.#mail?.hear(passed);
      else for (const { id, result } of unpackAnswers(message)) this.#pending.resolve(id, result);
      this.#rest();
      return;
    }
    switch (message.op) {
      case 'answer':
        this.#pending.resolve(message.id, message.result);
        this.#rest();
        break;
      case 'refuse':
        if (message.id === 0) this.#welcomed(fromWire(message.error));
        this.#pending.reject(message.id, this.#failures.errorOf(message));
        this.#rest();
        break;
      case 'cache':
        this.#caches.add(message.ticket);
        break;
      case 'forget':
        this.#caches.forget(message.cache);
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
      case 'fault':
        this.#tell(message.cache, (listener) => listener.onFault?.(message.error, message.warns));
        break;
      case 'closed':
        this.#caches.close(message.cache);
        this.#end(message.cache);
        break;
      case 'order':
        this.orders.get(message.cache)?.(message.order);
        break;
      case 'cancel':
        this.cancels.get(message.flight)?.();
        break;
      case 'welcome':
        this.#enter(message);
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
    this.#failures.note(flight, error);
  }

  #rest(): void {
    if (this.#pending.size === 0) this.#port?.unref();
  }

  /** Nothing more is heard of a cache. */
  #end(cache: number): void {
    this.#tell(cache, (listener) => listener.onClosed());
    this.#listeners.delete(cache);
    this.#listening.delete(cache);
  }

  /** The keeper has attached this thread. What the one before has not answered is asked again. */
  #enter({ control, row, keeper, epoch, caches }: Welcome): void {
    this.#own ??= ownMemory(control, row, (id) => {
      this.#pending.resolve(id, { stored: true });
      this.#rest();
    });
    this.#mail ??= new Mail(this.#own.letters, this.#gathering, this.#inbox);
    this.keeper = keeper;
    this.#epoch = epoch;
    this.#isWelcome = true;
    for (const amend of this.#amends.splice(0)) this.notify(amend);
    for (const cache of this.#caches.replace(caches, (ticket) => tableOf(ticket).closed)) this.#end(cache);
    for (const one of this.#pending.again((cache) => this.#caches.has(cache))) this.#askAgain(one);
    this.#welcomed();
  }

  #askAgain([id, { request, transfer }]: readonly [number, Pending]): void {
    try {
      if (isStale(request, this.#epoch)) this.#giveUp(request).catch((error) => this.#pending.reject(id, error));
      else this.#post(id, request, transfer);
    } catch (error) {
      this.#pending.reject(id, error);
    }
  }

  #post(id: number, request: Request, transfer: readonly TransferListItem[] | undefined): void {
    if (transfer === undefined && this.#mail?.send(id, request)) return;
    this.#gathering.say(transfer === undefined ? packRequest(id, request) : { id, ...request }, transfer);
  }

  /** A port has closed: its keeper has ended. */
  #lose(port: MessagePort): void {
    if (port !== this.#port) return;
    this.#port = undefined;
    this.#mail?.drop();
    const wasWelcome = this.#isWelcome;
    this.#isWelcome = false;
    const ended = keeperEnded();
    this.#welcomed(ended);
    if (!wasWelcome || this.#isSearching) return;
    if (!this.survives) this.#close(ended);
    else void this.#follow().catch((error: Error) => this.#close(error));
  }

  /** Goes on with the next keeper. */
  async #follow(): Promise<void> {
    this.#isSearching = true;
    const { row } = this.row;
    for (let epoch = this.#epoch; !this.#isWelcome; epoch = Math.max(epoch, this.#epoch)) {
      this.#pending.loseKeeper();
      const legacy = { control: this.#own!.control, segments: this.segments.buffers, caches: this.#caches.tickets };
      const next = await successor(legacy, epoch, row);
      const listening = [...this.#listening.keys()];
      try {
        await this.#connect(next.thread, { arena: next.arena, row, kept: this.#pending.kept, listening });
      } catch (error) {
        // That one has ended, too; or is so busy that it has to be asked again.
        if (hasEnded(error)) epoch = next.epoch;
        else if ((error as Error).cause === undefined) throw error;
      }
    }
    this.#isSearching = false;
  }

  #close(error: Error): void {
    this.#lost = error;
    this.#pending.rejectAll(error);
    for (const cache of [...this.#listeners.keys()]) this.#tell(cache, (listener) => listener.onClosed());
  }
}
