import { PINS_PER_ROW } from '../arena/layout.js';
import { monotonicNow } from '../common/clock.js';
import type { Reading } from './reading.js';
import { copyRecord } from './record-value.js';

/**
 * So long a reader tries to see all or nothing of transactions: longer than a keeper is kept from a processor on a busy
 * machine, and about as long as it takes to find another one when it has ended in the middle of one.
 */
const PATIENCE_MS = 200;
/** Pins that are left to leases. */
const SPARE_PINS = 64;

/** What is read, and what of. */
type Read = Pick<Reading<unknown>, 'table' | 'reader' | 'scope'>;

interface Found {
  slot: number;
  pin: number;
  /** The copy, where it was made at once: then the pin is gone. */
  made: { copy: unknown } | undefined;
}

/**
 * Copies of the fresh values of several keys, as they were at one moment: of a transaction, all is seen or nothing. First
 * all entries are pinned, which takes a microsecond for each; when a transaction was carried out meanwhile, they are let go
 * and looked for again. Then they are copied: what is pinned does not change. For more keys than there are pins the copies
 * are made in between. Each key is counted as a hit or a miss.
 */
export function readTogether<V>(reading: Read, keys: readonly string[]): Map<string, V> {
  const { table, reader } = reading;
  const isMany = keys.length > PINS_PER_ROW - SPARE_PINS - reader.row.pinsInUse;
  const until = monotonicNow() + PATIENCE_MS;
  for (;;) {
    const version = table.changes;
    const isLast = monotonicNow() > until;
    if (version % 2 !== 0 && !isLast) continue;
    const found = keys.map((key) => find(reading, key, isMany));
    if (table.changes === version || isLast) return take(reading, keys, found);
    for (const one of found) if (one && !one.made) reader.row.unpin(one.pin);
  }
}

/** The fresh entry of a key, pinned; with `copies`, copied and let go. */
function find(reading: Read, key: string, copies: boolean): Found | undefined {
  const { reader } = reading;
  const slot = reader.pinKey(reading.scope.inner(key));
  if (slot < 0) return undefined;
  const { pin } = reader;
  if (reader.expires(slot) && !reader.freshAt(slot, monotonicNow())) {
    reader.row.unpin(pin);
    return undefined;
  }
  if (!copies) return { slot, pin, made: undefined };
  try {
    return { slot, pin, made: { copy: copyRecord(reader.record(slot)) } };
  } finally {
    reader.row.unpin(pin);
  }
}

function take<V>(reading: Read, keys: readonly string[], found: readonly (Found | undefined)[]): Map<string, V> {
  const { reader } = reading;
  const values = new Map<string, V>();
  const now = monotonicNow();
  try {
    found.forEach((one, i) => {
      if (one === undefined) {
        reader.noteMiss();
        return;
      }
      const { slot, made } = one;
      reader.noteHit(slot);
      if (!made) reader.restartIdle(slot, now);
      values.set(keys[i]!, (made ? made.copy : copyRecord(reader.record(slot))) as V);
    });
    return values;
  } finally {
    for (const one of found) if (one && !one.made) reader.row.unpin(one.pin);
  }
}
