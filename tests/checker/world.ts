import { Keeper } from '../../src/arena/keeper.js';
import type { KeeperCache } from '../../src/arena/keeper-cache.js';
import { HEADER, ROW_RING_HEAD, rowStart, SLOT_WORDS } from '../../src/arena/layout.js';
import { LetterReader } from '../../src/arena/letter-reader.js';
import { boxed } from '../../src/arena/outbox.js';
import type { CacheConfig, CacheTicket, LoaderTask, ToKeeper } from '../../src/arena/protocol.js';
import { SegmentMap } from '../../src/arena/segment-map.js';
import { CacheTable } from '../../src/arena/table.js';
import { isPacked, packRequest, unpackRequests } from '../../src/arena/wire.js';
import type { Committed } from '../../src/arena/write-protocol.js';
import { hashString } from '../../src/common/hash.js';
import { Clock } from './clock.js';
import { Memory, real, type Shared } from './memory.js';
import { answerForPromises, Broken, forgetPromises, promise, Truth } from './truth.js';
import { watch } from './watch.js';
import { CLOSED, freePort, givePortBack, RESERVE_MS, Wire } from './wire.js';

export const KEYS = ['a', 'b', 'c', 'ключ', 'd'];
const MAX_BYTES = 6 * 1024;
/** Where the control buffer begins among the places, and the place of all bytes. */
const CONTROL = 2 ** 28;
export const BYTES = 2 ** 29;

/** A load that the keeper has given to the pool. */
export interface Job {
  task: LoaderTask;
  isCancelled: boolean;
  done: (error?: unknown) => void;
}

/** A keeper, its threads' ports, and what is known of both. */
export class World {
  readonly memory = new Memory();
  readonly clock = new Clock();
  readonly truth = new Truth();
  readonly keeper: Keeper;
  readonly cache: KeeperCache;
  readonly ticket: CacheTicket;
  /** For players. */
  readonly table: CacheTable;
  readonly segments = new SegmentMap();
  readonly jobs: Job[] = [];
  readonly counts = new Map<string, number>();
  control = new SharedArrayBuffer(0);
  /** Called before each access of the keeper: to a word, or to all from one to before another. */
  onYield: ((isStore: boolean, from: number, to: number) => void) | undefined;
  /** Whether what is freed is overwritten at once. */
  poisons = true;
  trace: string[] | undefined;
  /** Where the keeper is, counted from the beginning of what it does. */
  accesses = 0;
  isBusy = false;
  wires: Wire[] = [];
  /** When what the keeper does now began. */
  began = 0;
  readonly #restore: (() => void)[];
  #threads = 1;
  /** What is to be known when the keeper takes the message that it hears now. */
  #arriving: (() => void) | undefined;
  #words = new real.Int32Array(this.control);

  constructor(policy = 'lru', random: () => number = Math.random) {
    forgetPromises();
    const { random: usual } = Math;
    Math.random = random;
    this.#restore = [
      this.memory.install(),
      this.clock.install(),
      this.#watchLetters(),
      () => Object.assign(Math, { random: usual }),
    ];
    const start = (_: unknown, task: LoaderTask, done: (error?: unknown) => void) => {
      const job: Job = { task, isCancelled: false, done };
      this.jobs.push(job);
      return () => {
        job.isCancelled = true;
      };
    };
    this.keeper = new Keeper(0, { start }, () => this.clock.now);
    const first = this.connect();
    this.memory.onKeeper = (array, index, isStore) => {
      const at = this.place(array, index);
      this.pass(isStore, at, at + 1);
    };
    const config = cacheConfig(policy);
    this.ticket = this.askNow(first, { op: 'create', config });
    this.cache = this.keeper.caches.get(this.ticket.cache)!;
    this.table = this.memory.forPlayers(
      () => new CacheTable(this.ticket.table, this.ticket.cache, this.ticket.seed, this.ticket.slots),
    );
    watch(this);
  }

  /** Gives the platform back. */
  end(): void {
    for (const restore of this.#restore) restore();
  }

  connect(): Wire {
    const add = new SegmentMap();
    add.add = (segment, buffer) => this.memory.forPlayers(() => this.segments.add(segment, buffer));
    const welcome = (control: SharedArrayBuffer) => {
      this.control = control;
      this.#words = new real.Int32Array(control);
    };
    const wire = new Wire(this.#threads++, freePort(), this.clock, add, welcome, () => this.#lookAtLedger());
    this.wires = [...this.wires.filter(({ state }) => state !== 'forgotten'), wire];
    this.does('connect', () => this.keeper.connect(wire.thread, wire.port, wire.osThread));
    promise(wire.row >= 0, 'there is a row for each thread');
    return wire;
  }

  /** A wire as if its thread had just come. */
  refresh({ row }: Wire): void {
    this.#words[rowStart(row) + ROW_RING_HEAD] = 0;
    this.keeper.arena.rows.add(row);
  }

  /** Asks on the spot, with nobody else moving. */
  askNow<T>(wire: Wire, request: Parameters<Wire['ask']>[0] extends infer R ? DistributiveOmit<R, 'id'> : never): T {
    const id = wire.ask({ id: wire.nextId(), ...request } as ToKeeper & { id: number });
    while (wire.posted.length > 0) this.deliver(wire);
    const answer = wire.answers.get(id);
    wire.answers.delete(id);
    if (answer?.op !== 'answer') throw new Broken(`${request.op}: ${JSON.stringify(answer)}`);
    return answer.result as T;
  }

  /** Hands the keeper the next message of a thread. */
  deliver(wire: Wire): void {
    const message = wire.posted.shift();
    if (message === undefined) return;
    if (message === CLOSED) {
      wire.state = wire.hasLeft ? 'mourned' : 'closed';
      this.does('close', () => wire.hear('close'));
      return;
    }
    if (typeof message === 'function') {
      this.does('done', message);
      return;
    }
    // Here, and not when the keeper looks at it: its thread may go on before that, and has posted it.
    wire.handed++;
    const asked = isPacked(message) ? unpackRequests(message) : [message];
    this.truth.storing.length = 0;
    this.#arriving = () => {
      this.#arriving = undefined;
      for (const one of asked) this.#arrive(wire, one);
    };
    const [first] = asked;
    const hear = () =>
      wire.hear('message', isPacked(message) || !('id' in message) ? message : packRequest(message.id, message));
    const commits = asked.filter((one) => one.op === 'commit');
    this.does(asked.length > 1 ? 'several' : (first?.op ?? 'nudge'), hear, () =>
      commits.map((commit) => this.#outcomeOfCommit(wire, commit)),
    );
  }

  hash(key: string): number {
    return hashString(key, this.ticket.seed) | 0;
  }

  /** A thread that lives on goes its way. */
  leave(wire: Wire): void {
    wire.posted.push({ op: 'bye' });
    wire.hasLeft = true;
    this.hangUp(wire);
    while (wire.posted.length > 0) this.deliver(wire);
    givePortBack(wire.port);
  }

  hangUp(wire: Wire): void {
    wire.posted.push(CLOSED);
    wire.isDead = true;
    wire.asked.clear();
  }

  /** The thread of a wire has ended, with all that it had begun. */
  prove(wire: Wire): void {
    wire.osThread.id = 'ended';
    wire.state = 'mourned';
  }

  /** The keeper does something, and others move meanwhile. */
  does(what: string, act: () => void, look: () => Outcome[] = () => []): void {
    this.begin(what);
    act();
    this.finish(look);
  }

  /** Time passes, up to the next timer. */
  async wait(): Promise<void> {
    const act = this.clock.next();
    promise(act !== undefined, 'nobody waits for ever');
    this.begin('time');
    act();
    // What a timer has woken goes on before anything else does.
    for (let i = 0; i < 6; i++) await undefined;
    this.finish();
  }

  begin(what: string): void {
    promise(!this.isBusy, 'the keeper does one thing at a time');
    this.isBusy = true;
    for (const wire of this.wires) wire.given.clear();
    this.accesses = 0;
    this.began = this.truth.time;
    this.count(what);
    this.trace?.push(`keeper: ${what}`);
  }

  finish(look: () => Outcome[] = () => []): void {
    this.isBusy = false;
    answerForPromises();
    this.truth.endOfDeed();
    // In the order in which they were entered; what was not is outdone by then.
    const outcomes = [...look(), ...this.#outcomesOfStores()];
    for (const outcome of outcomes.sort((a, b) => a.enteredAt - b.enteredAt)) this.#judge(outcome);
  }

  count(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }

  /** Moves the block of a key elsewhere, if there is a hole for it. */
  relocate(key: string): void {
    const { cache } = this;
    const { allocator } = this.keeper.arena;
    const slot = cache.store.find(key, this.hash(key));
    if (slot < 0 || !cache.hasFreeSlot || cache.store.externals(slot).length > 0) return;
    const node = cache.store.nodeOf(slot);
    const target = allocator.alloc(allocator.units(node));
    if (target < 0) return;
    this.does('move', () => {
      if (cache.move(slot, target).vacated) allocator.free(node);
      this.keeper.settle();
    });
  }

  /** @throws Broken when something does not hold that must hold between any two deeds of the keeper. */
  validate(): void {
    const { keeper, cache } = this;
    keeper.validate();
    promise(this.table.header(HEADER.bytes) === cache.store.bytes, 'the ledger says what the entries are charged');
    promise(cache.committedBytes - cache.limboBytes <= cache.config.maxBytes, 'the budget is kept');
  }

  /** A number for each word of the table and the control buffer, and one for all bytes of segments. */
  place(array: Shared, index: number): number {
    if (array.buffer === this.control) return CONTROL + index;
    return array instanceof real.Int32Array ? index : BYTES;
  }

  /** The keeper is about to access these places. */
  pass(isStore: boolean, from: number, to: number): void {
    if (!this.isBusy) return;
    this.accesses++;
    this.trace?.push(`  keeper: ${isStore ? 'store' : 'load'} ${this.#nameOf(from)}`);
    this.truth.time++;
    this.onYield?.(isStore, from, to);
  }

  #nameOf(place: number): string {
    if (place === BYTES) return 'bytes';
    if (place >= CONTROL) return `control ${place - CONTROL}`;
    const at = place - this.table.slotWords;
    return at < 0 ? `table ${place}` : `slot ${Math.floor(at / SLOT_WORDS)} word ${at % SLOT_WORDS}`;
  }

  #arrive(wire: Wire, one: ToKeeper): void {
    if ('id' in one) wire.arrives(one.id);
    if (one.op === 'reserve' || one.op === 'store') wire.waiting.set(one.id, this.clock.now);
    this.#foresee(wire, one);
  }

  /** Sees what the keeper does with letters. Gives what ends it. */
  #watchLetters(): () => void {
    const { noteMessage, open, close, publish } = LetterReader.prototype;
    const world = this;
    const wireOf = ({ row }: LetterReader) =>
      this.wires.find((wire) => wire.row === row && wire.state !== 'forgotten')!;
    let opened: { wire: Wire; id: number } | undefined;
    Object.assign(LetterReader.prototype, {
      noteMessage(this: LetterReader) {
        noteMessage.call(this);
        world.#arriving?.();
      },
      open(this: LetterReader) {
        const letter = open.call(this);
        const wire = wireOf(this);
        opened = { wire, id: letter.id };
        world.count('letter');
        const before = world.truth.storing.splice(0);
        world.#arrive(wire, letter);
        world.truth.storing.push(...before);
        return letter;
      },
      close(this: LetterReader, isStored: boolean) {
        if (isStored && opened !== undefined) {
          const { wire, id } = opened;
          promise(wire.asked.delete(id) || wire.isDead, 'a letter is answered once');
          wire.given.set(id, { op: 'answer', id, result: { stored: true } });
        }
        close.call(this, isStored);
      },
      publish(this: LetterReader) {
        world.#lookAtLedger();
        return publish.call(this);
      },
    });
    return () => void Object.assign(LetterReader.prototype, { noteMessage, open, close, publish });
  }

  /** What a message will outdo when it is handled. */
  #foresee(wire: Wire, message: ToKeeper): void {
    const { truth } = this;
    if (message.op === 'remove') for (const key of message.keys) truth.outdo(key);
    else if (message.op === 'expire' || message.op === 'take') truth.outdo(message.key);
    else if (message.op === 'clear') truth.outdo(undefined);
    if (message.op === 'reserve') truth.storing.push(undefined);
    if (message.op !== 'store') return;
    const version = truth.versionIn(boxed(this.control, wire.row, message.start, message.byteLength));
    truth.storing.push({ version, wire, id: message.id });
  }

  /** Who has an answer finds what it has changed in the ledger. */
  #lookAtLedger(): void {
    if (this.cache === undefined) return;
    const ledger = new real.Float64Array(this.ticket.table);
    promise(ledger[HEADER.bytes] === this.cache.store.bytes, 'the ledger is out before any answer');
  }

  #outcomeOfCommit(wire: Wire, { id, reservation }: ToKeeper & { op: 'commit' }): Outcome {
    const answer = wire.given.get(id);
    const isStored = answer?.op === 'answer' && (answer.result as { stored: boolean }).stored;
    const { enteredAt } = this.truth.writing.get(reservation)!;
    return { reservation, enteredAt: isStored ? enteredAt : NEVER, mayBeLost: wire.state !== 'open' };
  }

  /** What the keeper was asked to write is entered, or never will be. */
  *#outcomesOfStores(): Generator<Outcome> {
    const { truth } = this;
    for (const [reservation, { version, wire, id }] of truth.stores) {
      if (this.keeper.reservations.get(reservation) !== undefined) continue;
      truth.stores.delete(reservation);
      const answer = wire.given.get(id);
      const said = answer?.op === 'answer' ? (answer.result as Committed | { refused: string }) : undefined;
      const isRefused = said !== undefined && 'refused' in said;
      const isSaid = said !== undefined && !isRefused && said.stored;
      promise(
        said === undefined || isSaid === version.isEntered,
        `what was stored for ${version.key} is said to be so`,
      );
      promise(said !== undefined || wire.state !== 'open', 'who has something stored has his answer');
      const enteredAt = version.isEntered ? version.enteredAt : NEVER;
      yield { reservation, enteredAt, mayBeLost: isRefused || wire.state !== 'open' };
    }
  }

  #judge({ reservation, enteredAt, mayBeLost }: Outcome): void {
    const isStored = enteredAt < NEVER;
    const { truth } = this;
    const one = truth.reservations.get(reservation)!;
    truth.reservations.delete(reservation);
    const isOutdone = one.isOutdone || truth.flights.get(one.flight)?.isOutdone === true;
    promise(!(isStored && isOutdone), `what was written for ${one.key} was outdone, and is stored`);
    promise(isStored || isOutdone || one.flight > 0 || mayBeLost, `what was written for ${one.key} is lost`);
    if (!isStored) return;
    truth.outdo(one.key, reservation);
    if (one.flight === 0) truth.outdoFlights(one.key);
  }
}

const NEVER = Number.MAX_VALUE;

/** What has become of something that was to be written; `enteredAt`: `NEVER` when it was not. */
interface Outcome {
  reservation: number;
  enteredAt: number;
  mayBeLost: boolean;
}

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

function cacheConfig(policy: string): CacheConfig {
  return {
    name: 'checked',
    maxBytes: MAX_BYTES,
    maxEntries: Number.POSITIVE_INFINITY,
    maxEntryBytes: undefined,
    policy,
    cost: 'requests',
    ttlMs: Number.POSITIVE_INFINITY,
    idleMs: Number.POSITIVE_INFINITY,
    graceMs: 0,
    reserveTimeoutMs: RESERVE_MS,
    loaders: { pooled: 'file:///nowhere.mjs' },
    defaultLoader: undefined,
    pool: {},
  };
}
