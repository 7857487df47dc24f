/**
 * # All schedules of a small program
 *
 * Each access of a thread is made at once, or after any of those accesses of the keeper to the same place that come later
 * and would make a difference to it. Whatever else could be interleaved comes to the same: threads write nothing that
 * other threads read. So these are all schedules that differ, each of them once; a thread may also end before any of its
 * accesses. Which message arrives next is a choice, too.
 *
 * A program is run as often as there are schedules, in a world that persists: before each run the same keys are there,
 * in other slots and under other generations.
 */
import type { Shared } from './memory.js';
import type { Random } from './random.js';
import { Actor, type Deed } from './thread.js';
import { promise } from './truth.js';
import { givePortBack, type Wire, type World } from './world.js';

export interface Program {
  name: string;
  /** Keys that are there at the beginning. */
  keys: readonly string[];
  /** What threads do whose accesses are interleaved with the keeper's. */
  threads: readonly (readonly Deed[])[];
  /** What threads do of whom only the messages matter. */
  others: readonly (readonly Deed[])[];
  /** Keys that are moved while others do things. */
  moves?: readonly string[];
  /** One of the threads may end before any of its accesses. */
  mayDie?: boolean;
}

/** The choices of one run, and how many there were at each: in order, the first of each first, or drawn. */
class Choices {
  taken: number[] = [];
  #of: number[] = [];
  #at = 0;

  constructor(readonly random: Random | undefined) {}

  choose(of: number): number {
    if (of === 1) return 0;
    const at = this.#at++;
    if (at === this.taken.length) this.taken.push(this.random?.below(of) ?? 0);
    this.#of[at] = of;
    return Math.min(this.taken[at]!, of - 1);
  }

  /** Anew. */
  reset(): void {
    this.taken = [];
    this.#of = [];
    this.#at = 0;
  }

  /** On to the next run; whether there is one. */
  next(): boolean {
    this.taken.length = Math.min(this.taken.length, this.#at);
    this.#of.length = this.taken.length;
    this.#at = 0;
    while (this.taken.length > 0) {
      const last = this.taken.length - 1;
      if (++this.taken[last]! < this.#of[last]!) return true;
      this.taken.pop();
    }
    return false;
  }
}

interface Watched {
  actor: Actor;
  /** The place that it waits at, or none. */
  place: number | undefined;
  isStore: boolean;
  /** What it has waited for has happened. */
  isWoken: boolean;
  /** So many accesses of the keeper, whichever, and it goes on. */
  patience: number;
  /** It ends here. */
  dies: boolean;
}

const LENGTH = 100_000;
/** Runs without a place that was not seen before, after which all are taken for known. */
const LEARNING = 24;

export class Exploration {
  schedules = 0;
  /** Runs in which something was waited for that did not come. */
  redundant = 0;
  readonly choices: Choices;
  /** Told each schedule, as two numbers that tell it from others. */
  onSchedule: ((high: number, low: number) => void) | undefined;
  /** Places that the keeper uses. */
  #places = new Set<number>();
  #isLearning = true;
  #watched: Watched[] = [];
  #isRunning = false;
  #isDeath = false;
  #high = 0;
  #low = 0;

  /** With `random` schedules are drawn, of all that there are, whether they make a difference or not. */
  constructor(
    readonly world: World,
    readonly wires: Wire[],
    readonly program: Program,
    readonly random?: Random,
  ) {
    this.choices = new Choices(random);
    world.memory.holdsBack = false;
  }

  /** Runs so many schedules at most. Whether these were all. */
  async run(limit: number): Promise<boolean> {
    const { world, choices } = this;
    world.onYield = (isStore, from, to) => this.#pass(isStore, from, to);
    try {
      if (this.random) return await this.#draw(limit);
      await this.#learn();
      for (;;) {
        if (this.schedules + this.redundant >= limit) return false;
        const known = this.#places.size;
        if (await this.#once()) this.#count();
        else this.redundant++;
        if (this.#places.size > known) {
          await this.#learn();
          this.schedules = 0;
        } else if (!choices.next()) {
          return true;
        }
      }
    } finally {
      world.onYield = undefined;
    }
  }

  async #draw(limit: number): Promise<boolean> {
    this.#isLearning = false;
    for (let i = 0; i < limit; i++) {
      this.choices.reset();
      await this.#once();
      this.#count();
    }
    return false;
  }

  // Which places matter is seen from runs in which nobody waits.
  async #learn(): Promise<void> {
    this.#isLearning = true;
    for (let quiet = 0; quiet < LEARNING; quiet++) {
      const known = this.#places.size;
      this.choices.reset();
      await this.#once();
      if (this.#places.size > known) quiet = 0;
    }
    this.choices.reset();
    this.#isLearning = false;
  }

  #count(): void {
    this.schedules++;
    this.onSchedule?.(this.#high, this.#low);
  }

  #note(what: number): void {
    this.#high = Math.imul(this.#high ^ what, 0x9e3779b1) ^ (this.#high >>> 15);
    this.#low = Math.imul(this.#low ^ what, 0x85ebca6b) ^ (this.#low >>> 13);
  }

  /** One run. Whether all that was waited for has come. */
  async #once(): Promise<boolean> {
    const { world, program, wires } = this;
    this.#prepare();
    this.#high = this.#low = 0;
    this.#isDeath = program.mayDie === true;
    const actors = [...program.others, ...program.threads].map((deeds, i) => {
      const wire = wires[i]!;
      world.refresh(wire);
      return new Actor(`${i}`, world, wire, deeds);
    });
    const others = actors.slice(0, program.others.length);
    this.#watched = actors.slice(program.others.length).map((actor) => {
      const watched: Watched = { actor, place: undefined, isStore: false, isWoken: true, patience: 0, dies: false };
      actor.player.gate = (array, index, isStore) => this.#decide(watched, array, index, isStore);
      return watched;
    });
    const moves = [...(program.moves ?? [])];
    this.#isRunning = true;
    for (;;) {
      this.#goOn();
      for (const actor of others) if (actor.canGo) actor.go(LENGTH);
      const full = actors.filter(({ wire }) => wire.posted.length > 0);
      const count = full.length + (moves.length > 0 ? 1 : 0);
      if (count === 0) break;
      const choice = this.choices.choose(count);
      this.#note(choice);
      const chosen = full[choice];
      if (chosen !== undefined) world.deliver(chosen.wire);
      else world.relocate(moves.shift()!);
    }
    this.#isRunning = false;
    const isComplete = this.#watched.every(({ place }) => place === undefined);
    for (const [i, actor] of actors.entries()) if (actor.state === 'dead') wires[i] = await bury(actor);
    while (actors.some(({ state }) => state === 'alive')) {
      if (!actors.some((actor) => actor.canGo || actor.wire.posted.length > 0)) await world.wait();
      for (const actor of actors) {
        if (actor.canGo) actor.go(LENGTH);
        while (actor.wire.posted.length > 0) world.deliver(actor.wire);
      }
    }
    this.#end(actors);
    return isComplete;
  }

  /** Those go on whose time has come. */
  #goOn(): void {
    for (const one of this.#watched) {
      if (!one.isWoken && one.place !== undefined) continue;
      if (!one.actor.canGo) continue;
      one.isWoken = false;
      one.place = undefined;
      one.actor.go(LENGTH);
      if (one.dies) one.actor.kill();
      this.#note(this.world.accesses * 64 + one.actor.player.log.length);
    }
  }

  #decide(one: Watched, array: Shared, index: number, isStore: boolean): boolean {
    if (!this.#isRunning || this.#isLearning) return true;
    const place = this.world.place(array, index);
    if (this.random) {
      if (!this.random.chance(0.2)) return true;
      one.place = place;
      one.patience = 1 + this.random.below(this.random.pick([3, 12, 50]));
      return false;
    }
    if (this.#isDeath && this.choices.choose(2) === 1) {
      this.#isDeath = false;
      one.dies = true;
      return false;
    }
    if (!this.#places.has(isStore ? -1 - place : place)) return true;
    if (this.choices.choose(2) === 0) return true;
    one.place = place;
    one.isStore = isStore;
    return false;
  }

  /** The keeper is about to make an access. */
  #pass(isStore: boolean, from: number, to: number): void {
    if (!this.#isRunning) return;
    this.#goOn();
    for (const one of this.#watched) if (one.patience > 0 && --one.patience === 0) one.isWoken = true;
    if (this.random) return;
    for (let place = from; place < to; place++) {
      // A load matters to who stores, a store to everybody.
      if (isStore) this.#places.add(place);
      this.#places.add(-1 - place);
    }
    for (const one of this.#watched) {
      if (one.place !== undefined && one.place >= from && one.place < to && (isStore || one.isStore))
        one.isWoken = true;
    }
  }

  /** What is to be there is there, and nothing else. */
  #prepare(): void {
    const { world, wires, program } = this;
    const { truth } = world;
    const setter = wires.at(-1)!;
    const missing = program.keys.filter((key) => !truth.isPresent(key));
    const extra = truth.present.filter((key) => !program.keys.includes(key));
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
    if (this.schedules % 64 === 0) this.world.validate();
  }
}

/** The keeper hears of a death, and gets its proof. Gives the wire of the thread that comes in its place. */
async function bury({ world, wire }: Actor): Promise<Wire> {
  while (wire.posted.length > 0) world.deliver(wire);
  world.prove(wire);
  while (wire.state !== 'forgotten') await world.wait();
  givePortBack(wire.port);
  return world.connect();
}
