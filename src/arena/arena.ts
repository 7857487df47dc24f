import { formatBytes } from '../common/bytes.js';
import { CacheConfigError } from '../common/error.js';
import { Allocator, type BlockNode } from './allocator.js';
import { CONTROL_ARENA, CONTROL_BYTES, CONTROL_RELEASE_WANTED, refCache, UNIT_BYTES } from './layout.js';
import { Ledger } from './ledger.js';
import { Quarantine } from './quarantine.js';
import { RowScan } from './row-scan.js';
import { SegmentMap } from './segment-map.js';

/** Owners of blocks that are no READY slot's first block: those can be moved, these cannot. */
export const OWNER = { external: -1, reserved: -2, limbo: -3, window: -4 } as const;

/**
 * Room beside the budgets, so that there is always a window worth emptying: with 2 % of slack, relocation comes within
 * a point of the hit rate of a cache without fragmentation.
 */
const SLACK = 1.03;
const SLACK_UNITS = 64;

/** The keeper's side of shared memory: segments, what is pinned or held, and what waits to be freed. */
export class Arena {
  readonly rows: RowScan;
  readonly allocator = new Allocator();
  readonly segments = new SegmentMap();
  readonly ledger: Ledger;
  readonly quarantine: Quarantine;
  /** A random number of its own. */
  readonly id: number;
  readonly #controlWords: Int32Array;
  /** Promised to a thread that has not pinned yet, by ref. */
  readonly #holds = new Map<number, number>();
  readonly #limbo = new Map<number, () => void>();
  /** Units of the blocks that wait to be freed. */
  limboUnits = 0;
  readonly #buffers: SharedArrayBuffer[] = [];
  /** Units. */
  #largestSegment = 0;

  /** Goes on with the control buffer of an earlier keeper, if it is given. */
  constructor(
    readonly announce: (segment: number, buffer: SharedArrayBuffer) => void,
    readonly control = new SharedArrayBuffer(CONTROL_BYTES),
  ) {
    this.rows = new RowScan(control);
    this.ledger = new Ledger(control);
    this.quarantine = new Quarantine(this.allocator, this.ledger);
    this.#controlWords = new Int32Array(control);
    const doubles = new Float64Array(control);
    doubles[CONTROL_ARENA] ||= Math.random();
    this.id = doubles[CONTROL_ARENA]!;
  }

  get buffers(): readonly SharedArrayBuffer[] {
    return this.#buffers;
  }

  /**
   * Makes sure that the segments are as large as the budgets. Address space only: pages cost nothing before they are
   * touched.
   *
   * @throws CacheConfigError when the memory cannot be had.
   */
  ensureCapacity(budgetBytes: number): void {
    const missing = unitsFor(budgetBytes) - this.allocator.totalUnits;
    if (missing > 0) this.#addSegment(missing);
  }

  /**
   * Makes sure that a block of so many units could lie in one piece, for a cache of this budget: one that has grown
   * lies in several segments, each smaller than its budget. Not done before it is needed: what was touched once is
   * never given back. Whether it could be done.
   */
  ensureSegment(units: number, budgetBytes: number): boolean {
    if (units <= this.#largestSegment) return true;
    try {
      this.#addSegment(Math.max(units, unitsFor(budgetBytes)));
      return true;
    } catch (error) {
      if (error instanceof CacheConfigError) return false;
      throw error;
    }
  }

  /** Takes over a segment of an earlier keeper, with the blocks in it that are in use, in order of addresses. */
  adoptSegment(buffer: SharedArrayBuffer, busy: readonly { start: number; units: number }[]): BlockNode[] {
    const units = buffer.byteLength / UNIT_BYTES;
    const segment = this.#buffers.push(buffer) - 1;
    this.segments.add(segment, buffer);
    this.#largestSegment = Math.max(this.#largestSegment, units);
    return this.allocator.addSegment(segment, units, busy);
  }

  #addSegment(units: number): void {
    const buffer = allocate(units * UNIT_BYTES);
    const segment = this.#buffers.push(buffer) - 1;
    this.segments.add(segment, buffer);
    this.announce(segment, buffer);
    this.allocator.addSegment(segment, units);
    this.#largestSegment = Math.max(this.#largestSegment, units);
  }

  /** The block's bytes. */
  bytes(node: BlockNode, units = this.allocator.units(node)): Uint8Array {
    return this.segments.unitView(this.allocator.segment(node), this.allocator.start(node), units)!;
  }

  hold(ref: number): void {
    this.#holds.set(ref, (this.#holds.get(ref) ?? 0) + 1);
  }

  unhold(ref: number): void {
    const count = this.#holds.get(ref) ?? 0;
    if (count > 1) this.#holds.set(ref, count - 1);
    else this.#holds.delete(ref);
  }

  /** Whether a slot's block must stay: a thread pins it, or was promised it. */
  isHeld(ref: number): boolean {
    return this.#holds.has(ref) || this.rows.isPinned(ref);
  }

  /** All that is pinned or held at this moment. */
  held(): Set<number> {
    const held = this.rows.pinned();
    for (const ref of this.#holds.keys()) held.add(ref);
    return held;
  }

  /** Calls `free` once the slot, which is held now, with so many units, is neither pinned nor held any more. */
  freeLater(ref: number, units: number, free: () => void): void {
    this.limboUnits += units;
    this.#limbo.set(ref, () => {
      this.limboUnits -= units;
      free();
    });
  }

  get limboSize(): number {
    return this.#limbo.size;
  }

  /** Whether a block of this cache waits to be freed. O(blocks that wait). */
  hasLimbo(cache: number): boolean {
    for (const ref of this.#limbo.keys()) if (refCache(ref) === cache) return true;
    return false;
  }

  /** Frees what has become free in the meantime. Returns whether something has. */
  sweepLimbo(): boolean {
    if (this.#limbo.size === 0) return false;
    const held = this.held();
    let freed = false;
    for (const [ref, free] of this.#limbo) {
      if (held.has(ref)) continue;
      this.#limbo.delete(ref);
      free();
      freed = true;
    }
    return freed;
  }

  /** Asks all threads to tell of releases, or no longer. */
  wantReleases(wanted: boolean): void {
    Atomics.store(this.#controlWords, CONTROL_RELEASE_WANTED, wanted ? 1 : 0);
  }
}

function unitsFor(budgetBytes: number): number {
  return Math.ceil((budgetBytes * SLACK) / UNIT_BYTES) + SLACK_UNITS;
}

function allocate(byteLength: number): SharedArrayBuffer {
  try {
    return new SharedArrayBuffer(byteLength);
  } catch (cause) {
    throw new CacheConfigError(
      `maxBytes: expected a budget that can be allocated; got one that needs ${formatBytes(byteLength)} more of shared memory, which the system refused`,
      { cause },
    );
  }
}
