import { HEADER } from '../../src/arena/layout.js';
import { Actor, DEEDS, type Deed } from './actor.js';
import { gathered } from './programs.js';
import type { Random } from './random.js';
import { promise } from './truth.js';
import { givePortBack, type Wire } from './wire.js';
import { type Job, KEYS, type World } from './world.js';

/** More events than any episode has that comes to an end. */
const MAX_EVENTS = 20_000;

const READS: readonly Deed['kind'][] = ['get', 'acquire', 'acquire', 'near', 'near', 'release', 'survey'];
const WRITES: readonly Deed['kind'][] = ['set', 'set', 'store', 'store', 'remove', 'take', 'touch', 'expire', 'clear'];
const LOADS: readonly Deed['kind'][] = ['claim', 'claim', 'load', 'remove', 'get'];
const SIZES = [16, 40, 46, 60, 200, 500, 1500, 2200, 4000, 5500];

/** Threads that persist from one episode to the next. */
export class Cast {
  wires: Wire[] = [];

  constructor(readonly world: World) {}

  wire(index: number): Wire {
    const wire = this.wires[index];
    if (wire?.state === 'open' && !wire.isDead) {
      this.world.refresh(wire);
      return wire;
    }
    const fresh = this.world.connect();
    this.wires[index] = fresh;
    return fresh;
  }
}

/**
 * One schedule: a few threads with a few deeds each, from a cache that holds something already; who moves next, and for
 * how many accesses, is drawn. At the end all is given back, so that the next one begins as this one did.
 */
export class Episode {
  readonly #actors: Actor[] = [];
  readonly #dead: Actor[] = [];
  readonly #jobs = new Map<Actor, Job>();
  /** Tells one schedule from another. */
  high = 0;
  low = 0;
  #gap = 0;
  readonly #meanGap: number;
  readonly #meanSteps: number;
  #killAt: number;
  #events = 0;
  #isOver = false;
  readonly #pool: number;

  constructor(
    readonly cast: Cast,
    readonly world: World,
    readonly random: Random,
  ) {
    this.#meanGap = random.pick([6, 15, 40, 100]);
    this.#meanSteps = random.pick([2, 5, 12, 40]);
    this.#killAt = random.chance(0.35) ? random.below(40) : -1;
    this.#pool = 4;
    world.poisons = random.chance(0.6);
    world.memory.holdsBack = random.chance(0.5);
    this.#prepare();
    this.#gap = random.lasting(this.#meanGap);
  }

  async play(): Promise<void> {
    const { world } = this;
    world.onYield = () => {
      if (--this.#gap > 0) return;
      this.#gap = this.random.lasting(this.#meanGap);
      this.#note(world.accesses);
      this.#move();
    };
    while (!this.#isOver) {
      this.#events++;
      promise(this.#events < MAX_EVENTS, 'an episode comes to its end');
      const waits = this.#event();
      if (waits !== undefined) await waits;
    }
    world.onYield = undefined;
    await this.#end();
  }

  #prepare(): void {
    const { random, world, cast } = this;
    const setter = cast.wire(5);
    const first = new Actor('setter', world, setter, this.#deeds(['set'], random.below(5), [1]));
    while (first.state === 'alive') {
      first.go(1_000);
      while (setter.posted.length > 0) world.deliver(setter);
    }
    const count = 1 + random.below(3);
    for (let i = 0; i < count; i++) {
      const kinds = random.pick([READS, READS, WRITES, LOADS]);
      this.#enter(`${i}`, cast.wire(i), this.#deeds(kinds, 1 + random.below(4)));
    }
    // Who reads and who changes: without both there is nothing to be found out.
    this.#enter('reader', cast.wire(3), this.#deeds(READS, 1 + random.below(3)));
    if (count === 1) this.#enter('writer', cast.wire(2), this.#deeds(WRITES, 1 + random.below(3)));
  }

  #deeds(kinds: readonly Deed['kind'][], count: number, ways: readonly number[] = [0, 1, 2, 3]): Deed[] {
    const { random } = this;
    const keys = KEYS.slice(0, 1 + random.below(KEYS.length));
    return Array.from({ length: count }, () => {
      const deed = gathered({
        kind: random.pick(kinds),
        key: random.pick(keys),
        size: random.pick(SIZES),
        way: random.pick(ways),
      });
      this.#note(Object.keys(DEEDS).indexOf(deed.kind) * 1000 + KEYS.indexOf(deed.key) * 100 + deed.way * 10);
      this.#note(deed.size);
      return deed;
    });
  }

  #enter(name: string, wire: Wire, deeds: readonly Deed[], job?: Job): void {
    const { world } = this;
    const text = deeds.map(({ kind, key, size, way }) => `${kind} ${key} ${size} ${way}`).join(', ');
    world.trace?.push(`${name} (row ${wire.row}): ${job ? `loads ${job.task.key}` : text}`);
    const actor: Actor = new Actor(name, world, wire, deeds, (thread) => {
      if (job === undefined) return;
      const { flight, key } = job.task;
      const deed: Deed = thread.once(() => ({
        kind: 'set',
        key,
        size: this.random.pick(SIZES),
        way: this.random.below(8),
      }));
      if (deed.way !== 5) thread.produce(deed, flight);
      thread.player.post(() => wire.posted.push(() => job.done(deed.way === 5 ? new Error('thrown') : undefined)));
    });
    this.#actors.push(actor);
    if (job !== undefined) this.#jobs.set(actor, job);
  }

  /** One thing happens: a message arrives, a thread goes on, time passes, somebody dies. */
  #event(): Promise<void> | undefined {
    const { world, random } = this;
    this.#assignJobs();
    if (this.#events === this.#killAt) this.#kill();
    const full: Wire[] = [];
    const ready: Actor[] = [];
    for (const actor of this.#actors) {
      if (actor.wire.posted.length > 0 && !full.includes(actor.wire)) full.push(actor.wire);
      if (actor.canGo) ready.push(actor);
    }
    if (full.length === 0 && ready.length === 0) return this.#wait();
    const draw = random.next();
    if (full.length > 0 && (draw < 0.5 || ready.length === 0)) {
      const wire = random.pick(full);
      this.#note(1000 + wire.row);
      world.deliver(wire);
    } else if (ready.length > 0 && draw < 0.9) {
      this.#move(ready);
    } else if (draw < 0.94) {
      const key = random.pick(KEYS);
      this.#note(2000 + KEYS.indexOf(key));
      world.relocate(key);
    } else if (this.#dead.length > 0 && draw < 0.98) {
      this.#bury();
    }
    if (random.chance(0.01)) world.validate();
    return undefined;
  }

  /** A thread goes on. */
  #move(ready = this.#actors.filter((actor) => actor.canGo)): void {
    const { random } = this;
    if (this.#dead.length > 0 && random.chance(0.2)) this.#haunt();
    if (ready.length === 0) return;
    const actor = random.pick(ready);
    if (actor.player.heldBack.length > 0 && random.chance(0.3)) actor.player.letOut(1);
    actor.go(random.lasting(this.#meanSteps));
    this.#note(3000 + this.#actors.indexOf(actor));
    this.#note(actor.player.log.length);
    if (this.#killAt >= 0 && this.world.isBusy && random.chance(0.02)) this.#kill();
  }

  #kill(): void {
    this.#killAt = -1;
    const alive = this.#actors.filter(({ state }) => state === 'alive');
    if (alive.length === 0) return;
    const actor = this.random.pick(alive);
    this.#note(4000 + this.#actors.indexOf(actor));
    actor.kill();
    const job = this.#jobs.get(actor);
    if (job !== undefined) actor.wire.posted.push(() => job.done(new Error('died')));
    this.#dead.push(actor);
  }

  #haunt(): void {
    for (const actor of this.#dead) if (actor.wire.state === 'open' || actor.wire.state === 'closed') actor.haunt();
  }

  /** A thread that is dying is dead, or another one comes in between. */
  #bury(): void {
    const { random, world } = this;
    const closed = this.#dead.filter(({ wire }) => wire.state === 'closed');
    if (closed.length === 0) return;
    this.#note(5000);
    if (random.chance(0.4) && this.#actors.length < 8) {
      this.#enter('late', world.connect(), this.#deeds(READS, 2));
      return;
    }
    world.prove(random.pick(closed).wire);
    world.count('proof');
  }

  #assignJobs(): void {
    const { world, random, cast } = this;
    while (world.jobs.length > 0) {
      const isFree = !this.#actors.some(({ wire, state }) => wire === cast.wires[this.#pool] && state === 'alive');
      if (!isFree) return;
      const job = world.jobs.shift()!;
      if (job.isCancelled && random.chance(0.5)) {
        world.does('done', () => job.done(new Error('cancelled')));
        continue;
      }
      this.#enter('pool', cast.wire(this.#pool), [], job);
    }
  }

  /** Nobody can move: time passes. */
  async #wait(): Promise<void> {
    const { world } = this;
    for (const { wire } of this.#dead) if (wire.state === 'closed') world.prove(wire);
    const isOver =
      world.jobs.length === 0 && this.#actors.every(({ state, wire }) => state !== 'alive' && wire.posted.length === 0);
    const isMourning = this.#dead.some(({ wire }) => wire.state !== 'forgotten');
    if (isOver && !isMourning) {
      this.#isOver = true;
      return;
    }
    await world.wait();
  }

  /** All is given back. */
  async #end(): Promise<void> {
    const { world } = this;
    const { keeper, cache, truth } = world;
    const { allocator } = keeper.arena;
    for (const { wire, name } of this.#actors) {
      promise(wire.asked.size === 0 || wire.state !== 'open', `${name} has its answers`);
    }
    for (const { wire } of this.#actors)
      if (!this.cast.wires.includes(wire) && wire.state === 'open') world.leave(wire);
    for (let act = world.clock.next(200); act !== undefined; act = world.clock.next(200)) world.does('time', act);
    promise(truth.claims.size === 0, 'nobody holds anything');
    promise(keeper.reservations.size === 0, `nothing is reserved: ${keeper.reservations.size}`);
    promise(keeper.flights.size === 0, `nothing is loading: ${keeper.flights.size}`);
    promise(keeper.arena.held().size === 0, 'nothing is pinned');
    const setter = this.cast.wire(5);
    world.askNow(setter, { op: 'clear', cache: cache.id });
    world.validate();
    promise(keeper.arena.limboSize === 0, 'nothing is in limbo');
    promise(allocator.freeUnits === allocator.totalUnits, 'all room is free');
    const ledger = [HEADER.bytes, HEADER.reservedBytes, HEADER.limboBytes, HEADER.entries];
    promise(
      ledger.every((field) => world.table.header(field) === 0),
      'the ledger is at zero',
    );
    promise(cache.store.freeSlots === world.table.geometry.slots, 'all slots are free');
    truth.forget();
    for (const { wire } of this.#dead) givePortBack(wire.port);
  }

  #note(what: number): void {
    this.high = Math.imul(this.high ^ what, 0x9e3779b1) ^ (this.high >>> 15);
    this.low = Math.imul(this.low ^ what, 0x85ebca6b) ^ (this.low >>> 13);
  }
}
