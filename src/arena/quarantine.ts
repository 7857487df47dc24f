import type { Allocator, BlockNode } from './allocator.js';
import type { Ledger } from './ledger.js';

interface Granted {
  row: number;
  nodes: BlockNode[];
  records: number[];
}

/**
 * Blocks that an earlier keeper has granted, and that their threads may still be writing into. They go to nobody before
 * the thread has said that it is through with them, or is proven to be gone; what was written there is not entered.
 */
export class Quarantine {
  readonly #granted = new Map<number, Granted>();
  /** Units of all these blocks. */
  units = 0;

  constructor(
    readonly allocator: Allocator,
    readonly ledger: Ledger,
  ) {}

  add(reservation: number, row: number, node: BlockNode, record: number): void {
    const granted = this.#granted.get(reservation) ?? { row, nodes: [], records: [] };
    this.#granted.set(reservation, granted);
    granted.nodes.push(node);
    granted.records.push(record);
    this.units += this.allocator.units(node);
  }

  /** Frees what was granted to a reservation, if it is here. */
  release(reservation: number): void {
    const granted = this.#granted.get(reservation);
    if (granted === undefined) return;
    this.#granted.delete(reservation);
    for (const record of granted.records) this.ledger.erase(record);
    for (const node of granted.nodes) {
      this.units -= this.allocator.units(node);
      this.allocator.free(node);
    }
  }

  /** Frees what was granted to the thread of a row, but for what it says that it still writes into. */
  releaseRow(row: number, kept: ReadonlySet<number> = new Set()): void {
    for (const [reservation, granted] of this.#granted) {
      if (granted.row === row && !kept.has(reservation)) this.release(reservation);
    }
  }
}
