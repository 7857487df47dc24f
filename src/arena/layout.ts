/**
 * # The words of shared memory
 *
 * Every offset into a shared buffer is a constant of this file. Three kinds of buffer exist in a process:
 *
 * ```
 *  control (one)             a row for each attached thread: what it pins, what it has used; what was promised to them; what they have written
 *  ┌────────┬───────┬───────┬─── … ───┬─────────┬────────┬───────┬─── … ───┬─────────┬──────────┬─── … ───┬────────────┐
 *  │ header │ row 0 │ row 1 │         │ row 255 │ ledger │ box 0 │         │ box 255 │ slips, 0 │         │ slips, 255 │  row = [ header 256 B | pins 4 KiB | access ring 4 KiB ]
 *  └────────┴───────┴───────┴─── … ───┴─────────┴────────┴───────┴─── … ───┴─────────┴──────────┴─── … ───┴────────────┘
 *
 *  table (one a cache)       which keys are where
 *  ┌────────┬───────────┬────────────┬─────────┬─────────┬───────┐
 *  │ header │ stat rows │ histograms │ index A │ index B │ slots │  slot = 128 B, drawn below
 *  └────────┴───────────┴────────────┴─────────┴─────────┴───────┘
 *
 *  segments (a few)          the bytes of all caches, in units of 64 bytes
 *  ┌──────────────────────────────── … ──┐
 *  │ block │ block │ hole │ block        │              block = one extent of an entry, drawn in record.ts
 *  └──────────────────────────────── … ──┘
 * ```
 *
 * Who writes what: the keeper writes headers, indices and slots. A thread writes its own row and box, its own stat row, the
 * blocks that it was granted and has not yet committed, and, under a pin, `LAST_USED` of a slot. Nobody else writes.
 * So there is no word that two threads write, but for `LAST_USED`, where either value is right.
 *
 * This file imports nothing, and its constants come first: only then does the bundler fold them into the code that uses
 * them, and a hit deals with a dozen.
 */

/** Version of everything in this file and of protocol.ts. Threads of two versions refuse each other. */
export const PROTOCOL_VERSION = 1;

/** Blocks begin at, and are measured in, units of this many bytes: a cache line, and any element's alignment. */
export const UNIT_BYTES = 64;

export const MAX_THREADS = 256;
export const MAX_CACHES = 256;

// ── control ─────────────────────────────────────────────────────────────────────────────────────────────────────

const CONTROL_HEADER_BYTES = 128;
/** Int32 in the control header: non-zero while the keeper waits for leases to be released. */
export const CONTROL_RELEASE_WANTED = 0;
/** Int32: which keeper it is whose turn it is, and who has started it, drawn in succession.ts. */
export const CONTROL_SUCCESSION = 1;
/** Int32: records of the ledger at or above this number were never used. Only grows. */
export const CONTROL_LEDGER_HIGH = 2;
/** Float64: a random number, by which two arenas of one process would be told apart. */
export const CONTROL_ARENA = 2;
/** Int32, on a line of its own: odd while the keeper sleeps, and another number each time, see letters.ts. */
export const CONTROL_SLEEPS = 16;

/** Pins of one thread. The first is kept for moments: the length of a synchronous call. */
export const PINS_PER_ROW = 1024;
export const MOMENT_PIN = 0;
/** No pin at all. */
export const NO_PIN = -1;
export const RING_ENTRIES = 1024;

const ROW_HEADER_WORDS = 64;
/** Int32 in a row: how many uses have been noted, modulo 2^32. */
export const ROW_RING_HEAD = 1;
/** Int32s in a row, written by the keeper: the id of its thread, plus 1, or 0; and the system's number of that thread. */
export const ROW_THREAD = 2;
export const ROW_OS_THREAD = 3;
/** Float64 in a row, beginning at Int32 4: when the system has started that thread, in ticks of its clock. */
export const ROW_OS_START = 4;
/** Int32 in a row, not on the line that changes with each hit: up to where the keeper has read the ring. The one word that it writes there. */
export const ROW_RING_TAIL = 16;
/** Int32 in a row, beside it, since the keeper looks at it for each write: pins at or above this index were never used. Only grows. */
export const ROW_PIN_HIGH = 17;
/** Int32s in a row, on lines of their own: the bell of what its thread has asked, and of what it was answered, see bell.ts. */
export const ROW_ASKED = 32;
export const ROW_ANSWERED = 48;
/** Int32s in a row, beside the bells, modulo 2^32: letters sent, those that are to be told of, and, of the keeper, those passed. */
export const ROW_LETTERS_SENT = 33;
export const ROW_LETTERS_WANTED = 34;
export const ROW_LETTERS_PASSED = 49;
export const ROW_PINS = ROW_HEADER_WORDS;
export const ROW_RING = ROW_PINS + PINS_PER_ROW;
export const ROW_WORDS = ROW_RING + RING_ENTRIES;

/**
 * What was promised to threads: a block to write into, or a slot that they are about to pin. Behind the rows, written by
 * the keeper, read by its successor: see ledger.ts.
 */
export const LEDGER_START = CONTROL_HEADER_BYTES / 4 + MAX_THREADS * ROW_WORDS;
export const LEDGER_RECORDS = 2 ** 20;
export const LEDGER_RECORD_WORDS = 8;

/** Behind the ledger, a box for each row: small records on their way to the keeper, see outbox.ts. */
const BOXES_START = (LEDGER_START + LEDGER_RECORDS * LEDGER_RECORD_WORDS) * 4;
export const BOX_BYTES = 128 * 2 ** 10;

/** Behind the boxes, for each row a ring of slips, drawn in letters.ts: what is to be done with the records in its box. */
const SLIPS_START = BOXES_START + MAX_THREADS * BOX_BYTES;
export const SLIPS = 64;
export const SLIP_BYTES = 128;

export const CONTROL_BYTES = SLIPS_START + MAX_THREADS * SLIPS * SLIP_BYTES;

// ── table ───────────────────────────────────────────────────────────────────────────────────────────────────────

export const TABLE_HEADER_BYTES = 512;
/** Int32 in the table header: the choice of the index, drawn in key-index.ts. */
export const TABLE_INDEX_CHOICE = 0;
/** Int32: 1 once the cache is closed. */
export const TABLE_CLOSED = 1;
/** Int32: slots at or above this number were never used. Only grows. */
export const TABLE_SLOT_HIGH = 2;

/** Int32: twice the number of resets of the statistics; odd while one is being carried out. */
export const TABLE_RESETS = 3;

/** Int32: twice the number of changes that belong together; odd while one is being carried out. */
export const TABLE_CHANGES = 4;

export const STAT_ROW_DOUBLES = 16;

// ── slot ────────────────────────────────────────────────────────────────────────────────────────────────────────

export const SLOT_BYTES = 128;
export const SLOT_WORDS = SLOT_BYTES / 4;
export const SLOT_DOUBLES = SLOT_BYTES / 8;

/** The insertion number is low + high × this: both halves are small integers to the engine. */
export const NUMBER_HIGH = 2 ** 31;

/** Numbers of insertions that one keeper has, and how many keepers have their own; reservations and the like as well. */
export const NUMBERS_PER_KEEPER = 2 ** 40;
export const KEEPERS_WITH_NUMBERS = 2 ** 13;
export const IDS_PER_KEEPER = 2 ** 32;

export const STATE_MASK = 3;
export const STATE_BITS = 2;
export const EMPTY = 0;
export const READY = 1;
export const RETIRED = 2;

/** Bits of the generation in a slot's word. The 53-bit insertion number is what tells two lives of a slot apart. */
export const GENERATION_BITS = 29;

/** Flags above the 16-bit count of parts. */
export const PARTS_MASK = 0xffff;
export const FLAG_WIDE_KEY = 1 << 16;
export const FLAG_EXPIRES = 1 << 17;
export const FLAG_IDLE = 1 << 18;
/** The entry has other blocks beside the one with the trailer. */
export const FLAG_EXTERNAL = 1 << 19;

/** At most this many slots a table: a bucket of the index holds slot + 1 in 22 bits, a tag in 10. */
export const MAX_SLOTS = 2 ** 22 - 2;
export const MIN_SLOTS = 1024;

// ── index ───────────────────────────────────────────────────────────────────────────────────────────────────────

/** The choice: which of the two indices is the true one, the logarithm of its buckets, and a count of choices. */
export const CHOICE_B = 1;
export const CHOICE_LOG_SHIFT = 1;
export const CHOICE_LOG_MASK = 31;
export const CHOICE_COUNT_SHIFT = 6;
/** Buckets at first, as a logarithm. */
export const FIRST_INDEX_LOG = 8;

export const BUCKET_EMPTY = 0;
export const BUCKET_TOMB = -1;
export const BUCKET_SLOT_BITS = 22;
export const BUCKET_SLOT_MASK = 2 ** BUCKET_SLOT_BITS - 1;

/** What an entry costs beside its blocks: its slot, and its share of the two indices, with four buckets an entry. */
export const ENTRY_OVERHEAD_BYTES = SLOT_BYTES + 2 * 4 * 4;

/** The most that an entry can be charged: the length of a part is 32 bits, and no view is longer on Node 20. */
export const MAX_ENTRY_BYTES = 2 ** 32 - UNIT_BYTES;

/** Histograms in a table: one of loads, written by the keeper, then two of each thread, of hits and of misses. */
export const HISTOGRAMS = 1 + 2 * MAX_THREADS;
export const LOAD_HISTOGRAM = 0;

// ── words of the table ──────────────────────────────────────────────────────────────────────────────────────────

/** Float64 in the table header, written by the keeper. */
export enum HEADER {
  bytes = 8,
  maxBytes = 9,
  entries = 10,
  reservedBytes = 11,
  limboBytes = 12,
  nextDeadline = 13,
  sets = 14,
  deletes = 15,
  evictions = 16,
  expirations = 17,
  loads = 18,
  loadErrors = 19,
  loadTimeTotal = 20,
  rejected = 21,
  maxEntryBytes = 22,
  movedBytes = 23,
  departedHits = 24,
  departedMisses = 25,
  departedOverflows = 26,
  departedHitBytes = 27,
  missBytes = 28,
  fragmentation = 29,
  /** Uses that the keeper was told of, and how long the loads take that they spared. */
  notedUses = 30,
  notedMs = 31,
}

/** Float64 in a thread's stat row. A row has 128 bytes, so that no two threads write one line. */
export enum STAT {
  hits = 0,
  misses = 1,
  pinOverflows = 2,
  hitBytes = 3,
}

//  Int32  0        1       2        3         4 5      6         7          8        9        10 11   12 13  14 15
//      ┌────────┬──────┬───────┬─────────┬─────────┬─────────┬──────────┬──────┬──────────┬─────────┬───────┬────────┐
//      │  word  │ hash │ unit  │ segment │ number  │ trailer │ skeleton │ key  │  parts   │ fresh   │ dead  │ born   │
//      │ gen|st │      │ offset│         │ lo  hi  │ 8-byte  │  bytes   │ len  │ |flags   │ until   │ at    │        │
//      └────────┴──────┴───────┴─────────┴─────────┴─────────┴──────────┴──────┴──────────┴─────────┴───────┴────────┘
//  f64                                                                                      5        6       7
//  second line, read by few:  f64  8 last used │ 9 idle ms │ 10 ttl ms │ 11 grace ms │ 12 cost │ 13 charge │ i32 28 hits │ 29 bytes of tags │ 30 namespace │ 31 load µs │
//
//  word = generation << 2 | state. A slot is EMPTY, then READY, then RETIRED, then EMPTY again under the next generation.

export enum SLOT {
  word = 0,
  hash = 1,
  unit = 2,
  segment = 3,
  numberLow = 4,
  numberHigh = 5,
  trailer = 6,
  skeletonLength = 7,
  keyLength = 8,
  parts = 9,
  hits = 28,
  tagsLength = 29,
  namespace = 30,
  /** How many microseconds its value takes to load; 0 if it was never loaded. */
  loadMicros = 31,
}

export enum SLOT_F64 {
  freshUntil = 5,
  deadAt = 6,
  bornAt = 7,
  lastUsed = 8,
  idleMs = 9,
  ttlMs = 10,
  graceMs = 11,
  cost = 12,
  charge = 13,
}

// ── arithmetic ──────────────────────────────────────────────────────────────────────────────────────────────────

/** The Int32 index at which a thread's row begins. */
export function rowStart(row: number): number {
  return CONTROL_HEADER_BYTES / 4 + row * ROW_WORDS;
}

/** The byte at which a thread's box begins. */
export function boxStart(row: number): number {
  return BOXES_START + row * BOX_BYTES;
}

/** The byte at which a slip of a thread lies, by the count of letters. */
export function slipStart(row: number, letter: number): number {
  return SLIPS_START + (row * SLIPS + (letter & (SLIPS - 1))) * SLIP_BYTES;
}

/** The number of a histogram of loads, and of a thread's hits or misses. */
export function hitHistogram(row: number): number {
  return 1 + 2 * row;
}
export function missHistogram(row: number): number {
  return 2 + 2 * row;
}

/** What a pin and a noted use hold: cache and slot in one Int32, never zero. */
export function toRef(cache: number, slot: number): number {
  return ((cache << BUCKET_SLOT_BITS) | slot) + 1;
}

export function refCache(ref: number): number {
  return (ref - 1) >>> BUCKET_SLOT_BITS;
}

export function refSlot(ref: number): number {
  return (ref - 1) & BUCKET_SLOT_MASK;
}
