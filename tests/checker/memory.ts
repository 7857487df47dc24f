/**
 * # Shared memory, access by access
 *
 * While a player runs, every load and store that the code under test makes in shared memory is one step of it: through
 * `Atomics`, through a typed array, or through a `DataView`. JavaScript cannot stop a function in the middle, so a player
 * that is to stop is thrown out of it, and when it is to go on, its program is run again from the beginning: what it has
 * loaded is given to it from a log, what it has stored is not stored again, until it arrives where it was. So the real
 * code runs, unchanged, and can be stopped, or killed, before any access.
 *
 * The keeper is the one that is never rewound: it runs on the stack, and whoever else is to move between two of its
 * accesses does so inside of it, for as many steps as he is given.
 *
 * A processor may hold back what was stored without order, whatever it is: on x86, until the next ordered store of the
 * same thread, and in the order in which it was stored. So do players. A message holds back nothing: a port locks when
 * something is posted, and who takes it out sees all that was stored before.
 */

export type Shared = Int32Array | Uint32Array | Uint8Array | Float64Array;

export const real = {
  Atomics: globalThis.Atomics,
  Int32Array: globalThis.Int32Array,
  Uint32Array: globalThis.Uint32Array,
  Uint8Array: globalThis.Uint8Array,
  Float64Array: globalThis.Float64Array,
  DataView: globalThis.DataView,
};

/** Thrown where a player stops. */
const STOP = Symbol('stop');
const RAW = Symbol('raw');

interface HeldBack {
  array: Shared;
  index: number;
  value: number;
}

/** Who takes steps: a program that is run again from its beginning each time. */
export class Player {
  readonly log: unknown[] = [];
  /** Stored, and not seen by others yet. */
  readonly heldBack: HeldBack[] = [];
  /** Asked before each access that others can notice: whether it may be made now. */
  gate: ((array: Shared, index: number, isStore: boolean) => boolean) | undefined;
  /** Asked where it `rests`: whether it goes on. */
  mayRest: (() => boolean) | undefined;
  #at = 0;
  #limit = 0;

  constructor(
    readonly name: string,
    readonly memory: Memory,
    readonly program: (player: Player) => void,
  ) {}

  /** Runs so many steps more. Whether the program has ended. */
  run(steps: number): boolean {
    const { memory } = this;
    const before = memory.running;
    memory.running = this;
    this.#at = 0;
    this.#limit = this.log.length + steps;
    try {
      this.program(this);
      return true;
    } catch (error) {
      if (error !== STOP) throw error;
      return false;
    } finally {
      memory.running = before;
    }
  }

  get isReplaying(): boolean {
    return this.#at < this.log.length;
  }

  /** A step of another kind; what it gives is given again when the program is run again. `undefined`: it has to wait. */
  step<T>(act: () => { value: T } | undefined): T {
    if (this.isReplaying) return this.log[this.#at++] as T;
    if (this.#mustStop) throw STOP;
    return this.#act(act);
  }

  /** Where it may end, between two steps. */
  rest(): void {
    if (!this.isReplaying && this.mayRest?.() === false) this.#stop();
  }

  /** A step that posts something. */
  post<T>(act: () => T): T {
    return this.step(() => {
      this.letOut();
      return { value: act() };
    });
  }

  /** As `step`, and part of the one before: nobody else moves in between. */
  follow<T>(act: () => { value: T } | undefined): T {
    return this.isReplaying ? (this.log[this.#at++] as T) : this.#act(act);
  }

  #act<T>(act: () => { value: T } | undefined): T {
    const { memory } = this;
    memory.running = undefined;
    const done = act();
    memory.running = this;
    if (done === undefined) throw STOP;
    this.#note(done.value);
    return done.value;
  }

  load(array: Shared, index: number): number {
    if (this.isReplaying) return this.log[this.#at++] as number;
    // Its own counts, and times, are of no interest to others at any particular moment.
    if (!(array instanceof real.Float64Array)) this.#mayGo(array, index, false);
    let value = array[index]!;
    for (const held of this.heldBack)
      if (held.array.buffer === array.buffer && sameByte(held, array, index)) value = held.value;
    this.#note(value);
    this.memory.onStep?.(this, array, index, false, value);
    return value;
  }

  /** `isOrdered`: a full barrier. */
  store(array: Shared, index: number, value: number, isOrdered: boolean): void {
    if (this.isReplaying) {
      this.#at++;
      return;
    }
    if (array instanceof real.Int32Array) this.#mayGo(array, index, true);
    this.#note(0);
    if (!isOrdered && this.memory.holdsBack) {
      this.heldBack.push({ array, index, value });
    } else {
      this.letOut();
      array[index] = value;
    }
    this.memory.onStep?.(this, array, index, true, value);
  }

  /** Others see what was stored, the oldest first. */
  letOut(count = this.heldBack.length): void {
    for (const { array, index, value } of this.heldBack.splice(0, count)) array[index] = value;
  }

  #note(value: unknown): void {
    this.log.push(value);
    this.#at++;
  }

  get #mustStop(): boolean {
    return this.#at >= this.#limit;
  }

  #mayGo(array: Shared, index: number, isStore: boolean): void {
    if (this.#mustStop || this.gate?.(array, index, isStore) === false) {
      this.#stop();
    }
  }

  #stop(): never {
    // Nothing more, should somebody have something to do on the way out.
    this.#limit = 0;
    throw STOP;
  }
}

function sameByte(held: HeldBack, array: Shared, index: number): boolean {
  return (
    held.array.byteOffset + held.index * held.array.BYTES_PER_ELEMENT ===
    array.byteOffset + index * array.BYTES_PER_ELEMENT
  );
}

/** Stands between the code under test and shared memory. */
export class Memory {
  /** Who runs now; `undefined` is the keeper, or nobody. */
  running: Player | undefined;
  /** Told before each ordered access of the keeper, and, by whoever wraps what it stores with, before each other one. */
  onKeeper: ((array: Shared, index: number, isStore: boolean) => void) | undefined;
  onStep: ((player: Player, array: Shared, index: number, isStore: boolean, value: number) => void) | undefined;
  /** Whether what players store without order may be seen later by others. */
  holdsBack = true;
  #isMaking = false;

  /** Whatever `make` makes over shared memory is for players. */
  forPlayers<T>(make: () => T): T {
    this.#isMaking = true;
    try {
      return make();
    } finally {
      this.#isMaking = false;
    }
  }

  /** Puts itself in the place of what the platform has. Gives what takes it away again. */
  install(): () => void {
    const isWatched = (args: readonly unknown[]) =>
      (this.#isMaking || this.running !== undefined) && args[0] instanceof SharedArrayBuffer;
    const watching = <C extends new (...args: never[]) => Shared>(kind: C): C =>
      new Proxy(kind, {
        construct: (target, args: never[]) => {
          const array = new target(...args);
          return isWatched(args) ? this.#watched(array) : array;
        },
      });
    globalThis.Int32Array = watching(real.Int32Array);
    globalThis.Uint32Array = watching(real.Uint32Array);
    globalThis.Uint8Array = watching(real.Uint8Array);
    globalThis.Float64Array = watching(real.Float64Array);
    globalThis.DataView = new Proxy(real.DataView, {
      construct: (target, args: [ArrayBuffer, number, number]) => {
        const view = new target(...args);
        return isWatched(args) ? this.#watchedView(view) : view;
      },
    });
    globalThis.Atomics = this.#atomics();
    return () => Object.assign(globalThis, real);
  }

  #atomics(): Atomics {
    const keeper = (array: Int32Array, index: number, isStore: boolean) => this.onKeeper?.(array, index, isStore);
    return Object.assign(Object.create(real.Atomics) as Atomics, {
      load: (given: Int32Array, index: number): number => {
        if (this.running !== undefined) return this.running.load(rawOf(given), index);
        keeper(given, index, false);
        return given[index]!;
      },
      store: (given: Int32Array, index: number, value: number): number => {
        if (this.running !== undefined) this.running.store(rawOf(given), index, value, true);
        else {
          keeper(given, index, true);
          given[index] = value;
        }
        return value;
      },
      add: (given: Int32Array, index: number, value: number): number => {
        keeper(given, index, true);
        const before = given[index]!;
        given[index] = before + value;
        return before;
      },
    });
  }

  #watched<A extends Shared>(array: A): A {
    return new Proxy(array, {
      get: (target, name) => {
        if (name === RAW) return target;
        if (typeof name === 'string' && isIndex(name)) {
          return this.running === undefined ? target[Number(name)] : this.running.load(target, Number(name));
        }
        if (name === 'set') {
          return (bytes: ArrayLike<number>, at = 0) => this.#bulk(() => target.set(bytes, at));
        }
        if (name === 'subarray') {
          return (...range: [number?, number?]) => this.#watched(target.subarray(...range));
        }
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
      set: (target, name, value: number) => {
        if (this.running === undefined) target[Number(name)] = value;
        else this.running.store(target, Number(name), value, false);
        return true;
      },
    });
  }

  #watchedView(view: DataView): DataView {
    return new Proxy(view, {
      get: (target, name) => {
        if (name === 'getUint32')
          return (at: number, little: boolean) => this.#bulk(() => target.getUint32(at, little));
        if (name === 'setUint32') {
          return (at: number, value: number, little: boolean) => this.#bulk(() => target.setUint32(at, value, little));
        }
        return Reflect.get(target, name, target);
      },
    });
  }

  #bulk<T>(act: () => T): T {
    const { running } = this;
    if (running === undefined) return act();
    return running.follow(() => {
      // Nothing gets ahead of what is held back.
      running.letOut();
      return { value: act() };
    });
  }
}

function rawOf(array: Int32Array): Int32Array {
  return (array as Int32Array & { [RAW]?: Int32Array })[RAW] ?? array;
}

function isIndex(name: string): boolean {
  const code = name.charCodeAt(0);
  return code >= 48 && code <= 57;
}
