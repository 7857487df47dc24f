import type { Grant } from '../../src/arena/write-protocol.js';
import { Player } from './memory.js';
import { Thread } from './thread.js';
import type { Claim } from './truth.js';
import { TOLD, type Wire } from './wire.js';
import type { World } from './world.js';

/** One thing that a thread does. */
export interface Deed {
  kind: keyof typeof DEEDS;
  key: string;
  size: number;
  /** Which way it takes, where there are several. */
  way: number;
}

/** A thread of the process: what it is to do, and how far it has come. */
export class Actor {
  readonly player: Player;
  state: 'alive' | 'done' | 'dead' = 'alive';
  /** The request whose answer it waits for. */
  awaited = 0;
  /** Blocks that it may be writing into. */
  writes: Grant[] = [];
  #claims = new Set<Claim>();

  constructor(
    readonly name: string,
    readonly world: World,
    readonly wire: Wire,
    readonly deeds: readonly Deed[],
    readonly lastDeed: (thread: Thread) => void = () => {},
  ) {
    this.player = new Player(name, world.memory, (player) => {
      const thread = new Thread(this, player);
      for (const deed of deeds) DEEDS[deed.kind](thread, deed);
      thread.releaseAll();
      lastDeed(thread);
    });
  }

  get canGo(): boolean {
    const { awaited, wire } = this;
    if (awaited === TOLD) return this.state === 'alive' && wire.told !== undefined;
    return this.state === 'alive' && (awaited === 0 || wire.answers.has(awaited));
  }

  go(steps: number): void {
    const { trace } = this.world;
    const from = this.player.log.length;
    trace?.push(`${this.name}: on from step ${from}`);
    if (this.player.run(steps)) {
      this.player.letOut();
      this.state = 'done';
    }
    trace?.push(`${this.name}: at step ${this.player.log.length}${this.state === 'done' ? ', done' : ''}`);
  }

  /** It ends here, between two accesses. */
  kill(): void {
    this.player.letOut();
    this.state = 'dead';
    for (const claim of this.#claims) this.world.truth.claims.delete(claim);
    this.world.hangUp(this.wire);
    this.world.count('death');
    this.world.trace?.push(`${this.name}: dies`);
  }

  /** What a dying thread has begun natively goes on for a while. */
  haunt(): void {
    for (const { segment, unit, units } of this.writes) {
      this.world.segments.unitView(segment, unit, units)!.fill(0xaa);
    }
  }

  rely(claim: Claim): void {
    this.#claims.add(claim);
    this.world.truth.claims.add(claim);
  }

  relyNoMore(claim: Claim): void {
    this.#claims.delete(claim);
    this.world.truth.claims.delete(claim);
  }
}

/** Everything that threads do. */
export const DEEDS = {
  get: (thread: Thread, { key }: Deed) => thread.read(key, { isLeased: false, isNear: false }),
  acquire: (thread: Thread, { key }: Deed) => thread.read(key, { isLeased: true, isNear: false }),
  near: (thread: Thread, { key, way }: Deed) => thread.read(key, { isLeased: way === 1, isNear: true }),
  release: (thread: Thread) => thread.release(),
  survey: (thread: Thread) => {
    const { truth } = thread.actor.world;
    thread.reader.forEachReady((slot) => {
      const key = thread.reader.key(slot);
      const bytes = thread.bytes(slot);
      thread.once(() => truth.given(key ?? '', bytes, thread.actor.name, slot));
    });
  },
  set: (thread: Thread, deed: Deed) => thread.write(deed),
  store: (thread: Thread, deed: Deed) => thread.store(deed),
  together: (thread: Thread, deed: Deed) => thread.together(deed),
  letters: (thread: Thread, deed: Deed) => thread.letters(deed),
  remove: (thread: Thread, { key }: Deed) => {
    const { cache } = thread.actor.world.ticket;
    thread.ask({ op: 'remove', cache, keys: [key], hashes: [thread.hash(key)], reason: 'delete' });
  },
  take: (thread: Thread, { key, way }: Deed) => {
    const { cache } = thread.actor.world.ticket;
    const slot = thread.ask<number>({ op: 'take', cache, key, hash: thread.hash(key) });
    if (slot !== undefined && slot >= 0) thread.takeOver(key, slot, way === 1);
  },
  touch: (thread: Thread, { key }: Deed) => {
    const { cache } = thread.actor.world.ticket;
    thread.ask({ op: 'touch', cache, key, hash: thread.hash(key), ttlMs: 20 });
  },
  expire: (thread: Thread, { key }: Deed) => {
    const { cache } = thread.actor.world.ticket;
    thread.ask({ op: 'expire', cache, key, hash: thread.hash(key) });
  },
  clear: (thread: Thread) => thread.ask({ op: 'clear', cache: thread.actor.world.ticket.cache }),
  claim: (thread: Thread, deed: Deed) => thread.load(deed, 'claim'),
  load: (thread: Thread, deed: Deed) => thread.load(deed, 'load'),
} as const;
