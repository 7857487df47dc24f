/**
 * # All schedules of a small program
 *
 * Each access of a thread is made at once, or after any of those accesses of the keeper to the same place that come later
 * and would make a difference to it. Whatever else could be interleaved comes to the same: threads write nothing that
 * other threads read. So these are all schedules that differ; a thread may also end before any of its accesses, and
 * before and after each of its requests. Which message arrives next is a choice, too. Those come first in which somebody
 * waits but once, however long.
 *
 * A program is run as often as there are schedules, in a world that persists: before each run the same keys are there,
 * in other slots and under other generations. Where schedules are drawn, programs can be, too: each run is another one,
 * and begins with what the one before has left.
 */

import { Actor, DEEDS, type Deed } from './actor.js';
import { Choices } from './choices.js';
import { real, type Shared } from './memory.js';
import type { Random } from './random.js';
import { Signature } from './signature.js';
import { promise } from './truth.js';
import { givePortBack, type Wire } from './wire.js';
import { KEYS, type World } from './world.js';

export interface Program {
  name: string;
  /** Keys that are there at the beginning, and no others; `undefined`: whatever is there. */
  keys: readonly string[] | undefined;
  /** What threads do whose accesses are interleaved with the keeper's. */
  threads: readonly (readonly Deed[])[];
  /** What threads do of whom only the messages matter. */
  others: readonly (readonly Deed[])[];
  /** Keys that are moved while others do things. */
  moves?: readonly string[];
  /** One of the threads may end before any of its accesses. */
  mayDie?: boolean;
}

interface Watched {
  actor: Actor;
  /** The place that it waits at, or none. */
  place: number | undefined;
  isStore: boolean;
  /** So many accesses of the keeper that matter to it, and it goes on; 0: it does not wait for such. */
  left: number;
  /** So many accesses of the keeper, whichever, and it goes on; 0: it does not wait for such. */
  patience: number;
  /** Which of the choices its waiting is. */
  choice: number;
  /** What it has waited for has happened. */
  isWoken: boolean;
  /** It has waited, and makes its access now. */
  isGranted: boolean;
  /** How far it had come when it was asked last whether it dies. */
  askedAt: number;
  /** It ends here. */
  dies: boolean;
}

/** How a drawn run goes: how often somebody waits, and for how long at most. */
interface Manner {
  waits: number;
  patience: number;
}

const LENGTH = 100_000;
const WAITS = [0.04, 0.1, 0.2, 0.4];
const PATIENCE = [3, 12, 50, 400];
/** Of drawn runs, how often somebody dies at a place where he may. */
const DEATHS = 0.08;

export class Exploration {
  schedules = 0;
  /** Runs in which something was waited for that did not come. */
  redundant = 0;
  readonly choices: Choices;
  /** Told each schedule, as two numbers that tell it from others. */
  onSchedule: ((high: number, low: number) => void) | undefined;
  #runs = 0;
  #watched: Watched[] = [];
  #isRunning = false;
  #isDeath = false;
  #manner: Manner = { waits: 0, patience: 0 };
  readonly #signature = new Signature();

  /** With `random` schedules are drawn, of all that there are, whether they make a difference or not. */
  constructor(
    readonly world: World,
    readonly wires: Wire[],
    readonly random?: Random,
  ) {
    this.choices = new Choices(random);
    world.memory.holdsBack = false;
    world.onYield = (isStore, from, to) => this.#pass(isStore, from, to);
  }

  /** Runs so many schedules of a program at most. Whether these were all. */
  async run(program: Program, limit: number): Promise<boolean> {
    for (;;) {
      if (this.schedules + this.redundant >= limit) return false;
      const isComplete = await this.#once(program);
      // Those in which fewer wait were played in an earlier round.
      if (isComplete && this.choices.waits === this.choices.bound) this.#count();
      else this.redundant++;
      if (!this.choices.next()) return true;
    }
  }

  /** Runs so many schedules that are drawn, each of the next program. */
  async draw(random: Random, limit: number, program: () => Program): Promise<void> {
    for (let i = 0; i < limit; i++) {
      this.choices.reset();
      this.#manner = { waits: random.pick(WAITS), patience: random.pick(PATIENCE) };
      this.world.memory.holdsBack = random.chance(0.4);
      await this.#once(program());
      this.#count();
    }
  }

  #count(): void {
    this.schedules++;
    const { high, low } = this.#signature.sum();
    this.onSchedule?.(high, low);
  }

  /** One run. Whether all that was waited for has come. */
  async #once(program: Program): Promise<boolean> {
    const { world, wires } = this;
    if (program.keys) this.#prepare(program.keys);
    const actors = this.#cast(program);
    const others = actors.slice(0, program.others.length);
    const moves = [...(program.moves ?? [])];
    this.#isRunning = true;
    for (;;) {
      this.#goOn();
      for (const actor of others) if (actor.canGo) actor.go(LENGTH);
      const full = actors.filter(({ wire }) => wire.posted.length > 0);
      const count = full.length + (moves.length > 0 ? 1 : 0);
      if (count === 0) break;
      const choice = this.choices.choose(count);
      const chosen = full[choice];
      this.#signature.note(chosen === undefined ? -1 : actors.indexOf(chosen));
      if (chosen !== undefined) world.deliver(chosen.wire);
      else world.relocate(moves.shift()!);
      for (const actor of actors) if (actor.state === 'dead') actor.haunt();
    }
    this.#isRunning = false;
    for (const { actor } of this.#watched) actor.player.letOut();
    const waiting = this.#watched.filter(({ place }) => place !== undefined);
    if (waiting.length > 0 && !this.random) this.choices.cap(Math.max(...waiting.map(({ choice }) => choice)));
    for (const [i, actor] of actors.entries()) if (actor.state === 'dead') wires[i] = await bury(actor);
    while (actors.some(({ state }) => state === 'alive')) {
      if (!actors.some((actor) => actor.canGo || actor.wire.posted.length > 0)) await world.wait();
      for (const actor of actors) {
        if (actor.canGo) actor.go(LENGTH);
        while (actor.wire.posted.length > 0) world.deliver(actor.wire);
      }
    }
    this.#end(actors);
    return waiting.length === 0;
  }

  #cast({ keys, threads, others, moves, mayDie }: Program): Actor[] {
    const { world, wires } = this;
    const signature = this.#signature;
    signature.reset(threads.length);
    this.#isDeath = mayDie === true;
    const actors = [...others, ...threads].map((deeds, i) => {
      const wire = wires[i]!;
      world.refresh(wire);
      return new Actor(`${i}`, world, wire, deeds);
    });
    this.#watched = actors.slice(others.length).map((actor) => {
      const watched: Watched = {
        actor,
        place: undefined,
        isStore: false,
        left: 0,
        patience: 0,
        choice: -1,
        isWoken: true,
        isGranted: false,
        askedAt: -1,
        dies: false,
      };
      actor.player.gate = (array, index, isStore) => this.#decide(watched, array, index, isStore);
      actor.player.mayRest = () => !this.#isRunning || this.#mayLive(watched);
      return watched;
    });
    world.memory.onStep = (player, array, index, isStore) => {
      if (!(array instanceof real.Int32Array)) return;
      const thread = this.#watched.findIndex(({ actor }) => actor.player === player);
      if (thread >= 0) signature.access(thread, world.place(array, index), isStore);
    };
    if (keys === undefined) for (const key of KEYS) signature.note(world.truth.isPresent(key) ? 1 : 0);
    for (const [of, lists] of [threads, others].entries()) {
      for (const deeds of lists) {
        signature.note(of);
        for (const { kind, key, size, way } of deeds) {
          signature.note(KINDS.indexOf(kind) * 64 + KEYS.indexOf(key) * 8 + way);
          signature.note(size);
        }
      }
    }
    for (const key of moves ?? []) signature.note(KEYS.indexOf(key));
    return actors;
  }

  /** Those go on whose time has come. */
  #goOn(): void {
    for (const one of this.#watched) {
      if (!one.isWoken && one.place !== undefined) continue;
      if (!one.actor.canGo) continue;
      one.isWoken = false;
      one.isGranted = one.place !== undefined;
      one.place = undefined;
      if (this.random?.chance(0.3)) one.actor.player.letOut(1);
      one.actor.go(LENGTH);
      if (!one.dies) continue;
      this.#signature.mark(this.#watched.indexOf(one), -1);
      one.actor.kill();
    }
  }

  #decide(one: Watched, array: Shared, index: number, isStore: boolean): boolean {
    if (!this.#isRunning) return true;
    if (one.isGranted) {
      one.isGranted = false;
      return true;
    }
    if (!this.#mayLive(one)) return false;
    const { random } = this;
    one.left = one.patience = 0;
    if (random) {
      if (!random.chance(this.#manner.waits)) return true;
      if (random.chance(0.4)) one.left = 1 + random.below(3);
      else one.patience = 1 + random.below(this.#manner.patience);
    } else {
      one.left = this.choices.wait();
      if (one.left === 0) return true;
      one.choice = this.choices.last;
    }
    one.place = this.world.place(array, index);
    one.isStore = isStore;
    return false;
  }

  /** Whether it does not end here. */
  #mayLive(one: Watched): boolean {
    if (!this.#isDeath || one.askedAt === one.actor.player.log.length) return true;
    one.askedAt = one.actor.player.log.length;
    one.dies = this.random ? this.random.chance(DEATHS) : this.choices.choose(2) === 1;
    if (one.dies) this.#isDeath = false;
    return !one.dies;
  }

  /** The keeper is about to make an access. */
  #pass(isStore: boolean, from: number, to: number): void {
    if (!this.#isRunning) return;
    this.#goOn();
    this.#signature.keeper(isStore, from, to);
    for (const one of this.#watched) {
      const { place } = one;
      if (place === undefined) continue;
      if (one.patience > 0 && --one.patience === 0) one.isWoken = true;
      // A load matters to who stores, a store to everybody.
      if (one.left > 0 && place >= from && place < to && (isStore || one.isStore) && --one.left === 0)
        one.isWoken = true;
    }
  }

  /** What is to be there is there, and nothing else. */
  #prepare(keys: readonly string[]): void {
    const { world, wires } = this;
    const { truth } = world;
    const setter = wires.at(-1)!;
    const missing = keys.filter((key) => !truth.isPresent(key));
    const extra = truth.present.filter((key) => !keys.includes(key));
    if (missing.length + extra.length === 0) return;
    const deeds = [
      ...extra.map((key): Deed => ({ kind: 'remove', key, size: 0, way: 0 })),
      ...missing.map((key): Deed => ({ kind: 'set', key, size: 60, way: 0 })),
    ];
    const actor = new Actor('setter', world, setter, deeds);
    while (actor.state === 'alive') {
      actor.go(LENGTH);
      while (setter.posted.length > 0) world.deliver(setter);
    }
  }

  #end(actors: readonly Actor[]): void {
    const { keeper, truth } = this.world;
    for (const actor of actors) promise(actor.state !== 'alive', `${actor.name} comes to its end`);
    promise(truth.claims.size === 0, 'nobody holds anything');
    promise(keeper.reservations.size === 0 && keeper.flights.size === 0, 'nothing is under way');
    this.world.does('look', () => keeper.settle());
    promise(keeper.arena.limboSize === 0, 'nothing is in limbo');
    promise(keeper.arena.held().size === 0, 'nothing is pinned');
    truth.rest();
    if (this.#runs++ % 64 === 0) this.world.validate();
  }
}

const KINDS = Object.keys(DEEDS);

/** The keeper hears of a death, and gets its proof. Gives the wire of the thread that comes in its place. */
async function bury(actor: Actor): Promise<Wire> {
  const { world, wire } = actor;
  while (wire.posted.length > 0) world.deliver(wire);
  actor.haunt();
  world.prove(wire);
  while (wire.state !== 'forgotten') await world.wait();
  givePortBack(wire.port);
  const next = world.connect();
  // It comes, and takes its row.
  new Actor('next', world, next, []).go(LENGTH);
  return next;
}
