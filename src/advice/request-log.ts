import { bitsOf, encode, isAboutBefore, KIND_BITS, RECORD } from './record.js';

/** Records that are kept unless said otherwise, 8 bytes each: 2 MiB. Up to there nothing is thinned out, and all is exact. */
const CAPACITY = 1 << 18;
const FIRST_CAPACITY = 1 << 10;
/** A full log lowers the share of the keys that it follows to this much of it, until there is room. */
const THINNING = 0.5;
const ROOM = 0.9;
/** Entries that are followed at once, at most: while the log has never been full, and from then on. */
const MAX_FOLLOWED = { young: 16_384, old: 4096 } as const;
/** Policies that neither look at sizes nor adapt: a few thousand keys stand for all from the start, to within a point. */
const SIMPLE_POLICIES: readonly unknown[] = ['lru', 'fifo', 'lfu'];
/** Fewer entries, and where none are told of, fewer keys than this say too little. */
const MIN_FOLLOWED = 256;
const MIN_KEYS = 1024;
/** Bits to count keys with, one for all whose hashes end alike: a power of two, some times `MIN_KEYS`. */
const KEY_BITS = 1 << 13;
/** A log that could tell too little rests until so many times the reads have been seen. */
const REST = 2;

/** How often a log is copied that is changed under the hand. */
const MAX_VIEWS = 100;

/** All keys but those with this very hash. */
const ALL = 0xffffffff;

/** The words before the records: for those who read along. */
const HEAD = { turn: 0, length: 1, threshold: 2 } as const;
const HEAD_WORDS = 4;
/** What one call may add: a record, and what is said about it. */
const ROOM_WORDS = 6;

/** Bytes of a log in shared memory. */
export const SHARED_LOG_BYTES: number = 4 * (HEAD_WORDS + 2 * CAPACITY);

/** Makes an empty log of one in shared memory, whoever has written it. */
export function eraseLog(buffer: SharedArrayBuffer): void {
  new Int32Array(buffer).fill(0, 0, HEAD_WORDS);
}

/** A log as it was at one moment. */
export interface LogView {
  /** Two words a record. */
  readonly words: Uint32Array;
  /** The share of the keys that was followed. */
  readonly rate: number;
}

interface LogParts {
  /** Tells the reads of all keys so far. */
  gets: () => number;
  /** What a miss costs that is not told otherwise. */
  usualCost?: (size: number) => number;
  /** Records that are kept: a power of two. */
  capacity?: number;
  /** Memory that others read, of `SHARED_LOG_BYTES`. */
  buffer?: SharedArrayBuffer;
  /** Of the cache: which one decides how many keys are to be followed. Default: as for the most demanding. */
  policy?: unknown;
}

/**
 * # What was asked of a cache: the requests of a sample of its keys
 *
 * To tell what another budget would give it takes the requests of some of the keys, chosen by their hash, all requests of
 * a key or none (SHARDS: Waldspurger et al., FAST 2015). Here they are only written down: nothing is simulated before
 * somebody asks. So what it costs on the way is one comparison for keys that are not followed, and some stores for those
 * that are.
 *
 * At first all keys are followed. When the log is full fewer are, and what was noted of the others is struck out: it spans
 * all that has been, ever thinner, in constant memory, and the cost for each request goes to nothing. When too few keys
 * would be left it rests instead, and goes on when much more has been seen, in place of its older half.
 *
 * ```
 *  ┌───────────────┬───────────────────────┬──────┐
 *  │ hash, 32 bits │ size, a float without │ kind │   a record
 *  └───────────────┤   its last 3 bits     ├──────┘
 *                  └───────────────────────┘
 * ```
 *
 * In shared memory one thread writes, and any may read: `viewLog`.
 */
export class RequestLog {
  /** Keys are followed whose hash is below; 0 while the log rests. */
  threshold = ALL;
  /** Reads after which a log that rests is to be woken by `restart`. */
  wakeAt: number = Number.POSITIVE_INFINITY;
  readonly #gets: () => number;
  readonly #usualCost: (size: number) => number;
  readonly #capacity: number;
  readonly #buffer: SharedArrayBuffer | undefined;
  #words: Uint32Array = new Uint32Array(0);
  #length = HEAD_WORDS;
  /** Entries that were held when that was last told, and of how many no more are followed than may be. */
  #held = 0;
  #maxHeld: number;
  #maxFollowed: number;

  constructor({ gets, usualCost = () => 1, capacity = CAPACITY, buffer, policy }: LogParts) {
    this.#maxFollowed = SIMPLE_POLICIES.includes(policy) ? MAX_FOLLOWED.old : MAX_FOLLOWED.young;
    this.#maxHeld = this.#maxFollowed;
    this.#gets = gets;
    this.#usualCost = usualCost;
    this.#capacity = capacity;
    this.#buffer = buffer;
  }

  /** So many entries are held: where that is many, fewer are followed. O(1), mostly. */
  fit(entries: number): void {
    this.#held = entries;
    if (entries <= this.#maxHeld || this.threshold === 0) return;
    if (this.#words.length === 0) this.#makeRoom();
    this.#turn(() => this.#thin(this.#fitted(this.threshold)));
  }

  /**
   * A read that found an entry, of so many bytes, and that dies then, if that has changed. Returns the word for `repeat`; 0
   * when one is not enough.
   */
  request(hash: number, size: number, cost: number, deadline?: number): number {
    const word = encode(size, RECORD.request);
    if (this.#add(hash, word)) this.#noteTerms(size, cost, deadline);
    return cost === this.#usualCost(size) ? word : 0;
  }

  /** A read that found the same again. `false`: nothing is written down, and `request` is to be called. */
  repeat(hash: number, word: number): boolean {
    const at = this.#length;
    if (word === 0 || hash >= this.threshold || at + ROOM_WORDS > this.#words.length) return false;
    this.#words[at] = hash;
    this.#words[at + 1] = word;
    this.#setLength(at + 2);
    return true;
  }

  /** A read that found nothing, at a time where time matters. */
  miss(hash: number, time?: number): void {
    if (time !== undefined) {
      this.#add(bitsOf(time), RECORD.time);
    }
    this.#add(hash, RECORD.miss);
  }

  /** A write, of what dies at a time, where time matters. Right after the miss that asked for it it is one request. */
  write(hash: number, size: number, cost: number, deadline?: number): void {
    const last = this.#length - 2;
    if (last >= HEAD_WORDS && this.#words[last] === hash && this.#words[last + 1] === RECORD.miss) {
      this.#words[last + 1] = encode(size, RECORD.request);
    } else if (!this.#add(hash, encode(size, RECORD.write))) {
      return;
    }
    this.#noteTerms(size, cost, deadline);
  }

  remove(hash: number): void {
    this.#add(hash, RECORD.remove);
  }

  clear(): void {
    if (this.threshold > 0 && this.#length > HEAD_WORDS) this.#add(0, RECORD.clear);
  }

  /** Begins again, with the share of the keys that it ended with: the older half of what was noted makes room. */
  restart(): void {
    this.#turn(() => this.#setLength(this.#dropOlder()));
    this.threshold = this.#words[HEAD.threshold] ?? ALL;
    this.wakeAt = Number.POSITIVE_INFINITY;
  }

  /** The reads of all keys are about to be counted from 0 again. */
  rebase(): void {
    this.wakeAt -= this.#gets();
  }

  view(): LogView {
    return viewLog(this.#words);
  }

  #noteTerms(size: number, cost: number, deadline: number | undefined): void {
    if (cost !== this.#usualCost(size)) this.#note(cost, RECORD.cost);
    if (deadline !== undefined) this.#note(deadline, RECORD.deadline);
  }

  /** Says more about a record: `#add` has left room for it. */
  #note(value: number, kind: number): void {
    this.#append(bitsOf(value), kind);
  }

  /** `false` when the log rests, or does not follow the key any more: it may have had to make room. */
  #add(first: number, second: number): boolean {
    if (this.#length + ROOM_WORDS > this.#words.length && !this.#makeRoom()) return false;
    if ((second & KIND_BITS) <= RECORD.remove && first >= this.threshold) return false;
    this.#append(first, second);
    return true;
  }

  #append(first: number, second: number): void {
    const at = this.#length;
    this.#words[at] = first;
    this.#words[at + 1] = second;
    this.#setLength(at + 2);
  }

  /** `false` when the log rests from now on. */
  #makeRoom(): boolean {
    if (this.threshold === 0) return false;
    const words = this.#words.length;
    if (words === 0) {
      this.#words = this.#buffer ? new Uint32Array(this.#buffer) : new Uint32Array(HEAD_WORDS + 2 * FIRST_CAPACITY);
      this.#setLength(HEAD_WORDS);
      this.#setThreshold(ALL);
      return true;
    }
    if (words < HEAD_WORDS + 2 * this.#capacity) {
      const grown = new Uint32Array(HEAD_WORDS + 2 * (words - HEAD_WORDS));
      grown.set(this.#words);
      this.#words = grown;
      return true;
    }
    this.#maxFollowed = MAX_FOLLOWED.old;
    while (this.#length > ROOM * words) {
      const threshold = this.#fitted(Math.floor(this.threshold * THINNING));
      if (this.#tellsTooLittle(threshold)) {
        this.#rest();
        return false;
      }
      this.#turn(() => this.#thin(threshold));
    }
    return true;
  }

  /** As much of a threshold as follows no more entries than may be. */
  #fitted(threshold: number): number {
    let fitted = threshold;
    while (this.#held * fitted > this.#maxFollowed * ALL) fitted = Math.floor(fitted * THINNING);
    return fitted;
  }

  #tellsTooLittle(threshold: number): boolean {
    return this.#held > 0 ? this.#held * threshold < MIN_FOLLOWED * ALL : this.#keysBelow(threshold) < MIN_KEYS;
  }

  #rest(): void {
    this.wakeAt = REST * this.#gets();
    this.threshold = 0;
  }

  /** Where the log ends then. What is about a record goes with it. */
  #dropOlder(): number {
    const words = this.#words;
    let from = HEAD_WORDS + 2 * Math.floor((this.#length - HEAD_WORDS) / 4);
    while (from < this.#length && isAboutBefore(words[from + 1]!)) from += 2;
    words.copyWithin(HEAD_WORDS, from, this.#length);
    return HEAD_WORDS + this.#length - from;
  }

  /** Strikes out what is not of keys below. What stands behind a record that is about it goes with it. */
  #thin(threshold: number): void {
    const words = this.#words;
    let to = HEAD_WORDS;
    let isKept = true;
    for (let at = HEAD_WORDS; at < this.#length; at += 2) {
      const kind = words[at + 1]! & KIND_BITS;
      if (kind <= RECORD.remove) isKept = words[at]! < threshold;
      else if (kind === RECORD.clear || kind === RECORD.time) isKept = true;
      if (!isKept) continue;
      // Of times that follow each other only the last is of use.
      if (kind === RECORD.time && to > HEAD_WORDS && (words[to - 1]! & KIND_BITS) === RECORD.time) to -= 2;
      words[to] = words[at]!;
      words[to + 1] = words[at + 1]!;
      to += 2;
    }
    this.#setLength(to);
    this.#setThreshold(threshold);
  }

  /** How many keys in the log have a hash below, about: by linear counting (Whang et al., 1990). */
  #keysBelow(threshold: number): number {
    const words = this.#words;
    const seen = new Uint8Array(KEY_BITS);
    let empty = KEY_BITS;
    for (let at = HEAD_WORDS; at < this.#length; at += 2) {
      if ((words[at + 1]! & KIND_BITS) > RECORD.remove || words[at]! >= threshold) continue;
      const place = words[at]! & (KEY_BITS - 1);
      if (seen[place] === 0) empty--;
      seen[place] = 1;
    }
    return empty === 0 ? Number.POSITIVE_INFINITY : KEY_BITS * Math.log(KEY_BITS / empty);
  }

  /** A change that readers must not see the middle of: the number of the turn is odd meanwhile. */
  #turn(change: () => void): void {
    const words = this.#words;
    if (words.length === 0) return;
    Atomics.add(words, HEAD.turn, 1);
    change();
    Atomics.add(words, HEAD.turn, 1);
  }

  #setLength(length: number): void {
    this.#length = length;
    this.#words[HEAD.length] = length;
  }

  #setThreshold(threshold: number): void {
    this.threshold = threshold;
    this.#maxHeld = (this.#maxFollowed * ALL) / threshold;
    this.#words[HEAD.threshold] = threshold;
  }
}

/**
 * A copy of the records of a log, in whichever thread. One that is changed all the while gives none. The last record may
 * be half written: one of thousands.
 */
export function viewLog(words: Uint32Array): LogView {
  for (let attempt = 0; words.length >= HEAD_WORDS && attempt < MAX_VIEWS; attempt++) {
    const turn = Atomics.load(words, HEAD.turn);
    const view = {
      words: words.slice(HEAD_WORDS, Math.max(HEAD_WORDS, words[HEAD.length]!)),
      rate: words[HEAD.threshold]! / ALL,
    };
    if ((turn & 1) === 0 && Atomics.load(words, HEAD.turn) === turn) return view;
  }
  return { words: new Uint32Array(0), rate: 1 };
}
