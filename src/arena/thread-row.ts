import { compiledBarrier } from './barrier.js';
import {
  CONTROL_RELEASE_WANTED,
  MOMENT_PIN,
  NO_PIN,
  PINS_PER_ROW,
  RING_ENTRIES,
  ROW_PIN_HIGH,
  ROW_PINS,
  ROW_RING,
  ROW_RING_HEAD,
  ROW_WORDS,
  rowStart,
} from './layout.js';

const LEASE_PINS = PINS_PER_ROW - 1;

/**
 * Whether the processor keeps stores in order, as x86 does. There an ordered store is a full barrier, so a plain load
 * behind it comes after it, and a plain store before it is seen before; and no load is delayed past a later store, so a
 * plain store releases. The engine keeps accesses to shared memory in program order, and reads again what it has read
 * before. An ordered access through `Atomics` costs many times as much as a plain one, and a hit would have three.
 * Elsewhere, on ARM above all, it has: a store behind the pin, which comes after it and before the load that is next.
 */
export const TOTAL_STORE_ORDER = process.arch === 'x64' || process.arch === 'ia32';

// Chosen here, once: what a hit is made of must be short, or it is not compiled into the loops that call it.
type Load = (words: Int32Array, at: number) => number;
/** A load that comes after the ordered store before it. */
export const loadBehind: Load = TOTAL_STORE_ORDER ? (words, at) => words[at]! : (words, at) => Atomics.load(words, at);
/** Made for the first row of a thread. */
let compiled: (() => void) | undefined;
const releaseWord: Load = TOTAL_STORE_ORDER
  ? (words, at) => (words[at] = 0)
  : (words, at) => Atomics.store(words, at, 0);

/**
 * A thread's own row of the control buffer: its pins and the ring of its uses. Nobody else writes it, so nothing here
 * is ever contended, and a thread that dies leaves nothing behind but a row, which the keeper wipes.
 */
export class ThreadRow {
  /** The control buffer: all rows. */
  readonly words: Int32Array;
  /** This row alone: what a hit writes lies in it at places that are known when it is compiled. */
  readonly own: Int32Array;
  /** What is loaded behind it is loaded after everybody can see what was stored before it. */
  readonly barrier: () => void;
  /** The pin that is taken next, or `NO_PIN`: mostly the one that was given back last. That for moments, if no other is free. */
  atHand: number = NO_PIN;
  /** The other free pins, as a stack, lowest on top: few pins are ever in use, and the keeper scans no further. */
  readonly #free = new Int32Array(LEASE_PINS);
  #freeTop = LEASE_PINS;
  #high = 0;

  constructor(
    control: SharedArrayBuffer,
    readonly row: number,
  ) {
    if (TOTAL_STORE_ORDER) compiled ??= compiledBarrier();
    this.barrier = compiled ?? (() => this.endLoads());
    this.words = new Int32Array(control);
    this.own = new Int32Array(control, rowStart(row) * 4, ROW_WORDS);
    this.#raise(MOMENT_PIN + 1);
    for (let i = 0; i < LEASE_PINS; i++) this.#free[i] = PINS_PER_ROW - 1 - i;
  }

  /**
   * Publishes a pin and returns its number: `MOMENT_PIN` when all others are in use. The caller must load the slot's
   * word again afterwards: only if it is unchanged does the pin hold. Both are sequentially consistent, as are the
   * keeper's store of RETIRED and its scan of the pins, so at least one of the two sees the other.
   */
  pin(ref: number): number {
    if (this.atHand === NO_PIN) this.reach();
    const pin = this.atHand;
    this.atHand = NO_PIN;
    this.own[ROW_PINS + pin] = ref;
    this.barrier();
    return pin;
  }

  /** Takes a pin back. What was read under it must not be read later: the store releases. */
  unpin(pin: number): void {
    releaseWord(this.own, ROW_PINS + pin);
    if (this.atHand > MOMENT_PIN) this.giveBack(pin);
    else this.atHand = pin;
  }

  /**
   * Whatever was loaded before is loaded before the next ordered load. Needed where there is no total store order: there an
   * ordered load does not wait for plain ones, but an ordered store does, and an ordered load waits for that. Any will do;
   * this one changes nothing.
   */
  endLoads(): void {
    this.#raise(this.#high);
  }

  /** What a pin holds. */
  pinned(pin: number): number {
    return this.own[ROW_PINS + pin]!;
  }

  get pinsInUse(): number {
    return LEASE_PINS - this.#freeTop - (this.atHand > MOMENT_PIN ? 1 : 0);
  }

  /** Whether the keeper has asked to be told of releases, because somebody waits for room. */
  get releaseWanted(): boolean {
    return this.words[CONTROL_RELEASE_WANTED] !== 0;
  }

  /** Notes a use for the eviction policy. Plain stores: the ring is lossy by design, the keeper checks what it reads. */
  note(ref: number): void {
    const { own } = this;
    const head = own[ROW_RING_HEAD]!;
    own[ROW_RING + (head & (RING_ENTRIES - 1))] = ref;
    own[ROW_RING_HEAD] = head + 1;
  }

  /** Puts a free pin at hand; `false` if it is that for moments. */
  reach(): boolean {
    this.atHand = this.#freeTop === 0 ? MOMENT_PIN : this.#free[--this.#freeTop]!;
    if (this.atHand >= this.#high) this.#raise(this.atHand + 1);
    return this.atHand > MOMENT_PIN;
  }

  private giveBack(pin: number): void {
    if (pin !== MOMENT_PIN) this.#free[this.#freeTop++] = pin;
  }

  // Stored before the first pin above the old mark, so that a scan which could miss that pin cannot miss the mark.
  #raise(high: number): void {
    this.#high = high;
    Atomics.store(this.own, ROW_PIN_HIGH, high);
  }
}
