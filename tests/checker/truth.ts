import { real } from './memory.js';
import type { Wire } from './wire.js';

/** A promise of the arena that was not kept. */
export class Broken extends Error {}

/** The first promise that was broken: whoever catches errors on the way does not make it undone. */
let broken: Broken | undefined;

export function promise(isKept: boolean, what: string): asserts isKept {
  if (isKept) return;
  Error.stackTraceLimit = 20;
  broken ??= new Broken(what);
  throw broken;
}

/** Whatever was broken before does not matter any more. */
export function forgetPromises(): void {
  broken = undefined;
}

/** Throws what was broken since the last call. */
export function answerForPromises(): void {
  const first = broken;
  broken = undefined;
  if (first !== undefined) throw first;
}

/** One value that was written for a key. Its number is its bytes. */
interface Version {
  id: number;
  key: string;
  length: number;
  /** When it began to be there for readers, and when it had gone. */
  enteredAt: number;
  isEntered: boolean;
  leftAt: number;
  /** Until when it is fresh, on the cache's clock, and since when it is so. */
  freshUntil: number;
  limitedAt: number;
}

/** What the keeper is asked to write, and by which request of whom. */
export interface Stored {
  version: Version;
  wire: Wire;
  id: number;
}

/** Bytes that somebody may rely on. */
export interface Claim {
  version: Version;
  bytes: Uint8Array;
  by: string;
  slot: number;
  since: number;
}

/** A place that is being written, or a load, that something later may outdo. */
interface Pending {
  key: string;
  flight: number;
  isOutdone: boolean;
}

/**
 * What has happened, seen from outside, on a clock that goes on with every event. Whoever reads is held against it: what
 * he has seen must have been there at some moment of his reading, and what he has missed must have been away.
 */
export class Truth {
  time = 1;
  /** What the keeper enters now. */
  entering: Version | undefined;
  /** What the keeper takes in now is for those who are promised it, and for nobody else. */
  isUnkeyed = false;
  readonly claims = new Set<Claim>();
  readonly writing = new Map<number, Version>();
  /** What the keeper is asked for a place for now, in order: what it is to write itself, or something else. */
  readonly storing: (Stored | undefined)[] = [];
  /** What it is to write, by the reservations that were made for it. */
  readonly stores = new Map<number, Stored>();
  readonly reservations = new Map<number, Pending>();
  readonly flights = new Map<number, Pending>();
  readonly #versions: Version[] = [];
  readonly #present = new Map<string, number>();
  #arriving: string[] = [];
  #leaving: Version[] = [];
  #limited: Version[] = [];
  readonly #inSlot = new Map<number, Version>();

  /** A new value for a key, and its bytes. */
  write(key: string, length: number): { version: Version; bytes: Uint8Array } {
    const id = this.#versions.length;
    const never = Number.POSITIVE_INFINITY;
    const version = {
      id,
      key,
      length,
      isEntered: false,
      enteredAt: never,
      leftAt: never,
      freshUntil: never,
      limitedAt: 0,
    };
    this.#versions.push(version);
    return { version, bytes: bytesOf(version) };
  }

  /** Forgets what happened to versions that nobody can see any more. */
  forget(): void {
    this.#present.clear();
    this.#inSlot.clear();
    this.#versions.length = 0;
    this.rest();
  }

  /** Nobody writes or loads anything. */
  rest(): void {
    this.writing.clear();
    this.stores.clear();
    this.reservations.clear();
    this.flights.clear();
  }

  endOfDeed(): void {
    this.time++;
    for (const key of this.#arriving) this.#present.set(key, this.time);
    // Who has begun before the end of it may have got ahead.
    for (const version of this.#leaving) version.leftAt = this.time - 1;
    for (const version of this.#limited) version.limitedAt = this.time - 1;
    this.#arriving = [];
    this.#leaving = [];
    this.#limited = [];
    this.entering = undefined;
    this.verify();
  }

  filled(slot: number): void {
    promise(this.entering !== undefined, 'a slot is filled for a commit');
    this.#inSlot.set(slot, this.entering);
    // Who has come to the slot by what it held before may find the value here, ahead of the index.
    if (!this.isUnkeyed) this.entering.enteredAt = this.time;
  }

  /** What a record is of. */
  versionIn(record: Uint8Array): Version {
    const version = this.#versions[idIn(record)];
    promise(version !== undefined, 'what is to be stored was written by somebody');
    return version;
  }

  /** A place is reserved for what the keeper is asked to write. */
  reserved(reservation: number): void {
    const store = this.storing.shift();
    if (store === undefined) return;
    this.writing.set(reservation, store.version);
    this.stores.set(reservation, store);
  }

  entered(slot: number, key: string): void {
    const version = this.#inSlot.get(slot)!;
    promise(version.key === key, `what was written for ${version.key} is entered under it, not under ${key}`);
    version.enteredAt = this.time;
    version.isEntered = true;
    if (!this.#present.has(key)) this.#arriving.push(key);
  }

  moved(from: number, to: number): void {
    this.#inSlot.set(to, this.#inSlot.get(from)!);
    this.#inSlot.delete(from);
  }

  /** An entry is fresh until then. */
  limited(slot: number, freshUntil: number): void {
    const version = this.#inSlot.get(slot);
    if (version === undefined) return;
    Object.assign(version, { freshUntil, limitedAt: Number.POSITIVE_INFINITY });
    this.#limited.push(version);
  }

  left(slot: number, isReplaced: boolean): void {
    const version = this.#inSlot.get(slot)!;
    this.#inSlot.delete(slot);
    this.#leaving.push(version);
    if (isReplaced) return;
    this.#present.delete(version.key);
    this.#arriving = this.#arriving.filter((key) => key !== version.key);
  }

  /** A key was written or removed: whatever is under way for it is outdone, or only what was asked for before `than`. */
  outdo(key: string | undefined, than = Number.POSITIVE_INFINITY): void {
    const isAll = than === Number.POSITIVE_INFINITY;
    for (const [id, one] of this.reservations) {
      // A letter is entered before the message comes that was posted behind it.
      if (isAll && this.writing.get(id)?.isEntered) continue;
      if ((key === undefined || one.key === key) && id < than) one.isOutdone = true;
    }
    if (!isAll) return;
    this.outdoFlights(key);
  }

  outdoFlights(key: string | undefined): void {
    for (const one of this.flights.values()) if (key === undefined || one.key === key) one.isOutdone = true;
  }

  /** Somebody has read a key, since `since`, and found these bytes. */
  seen(key: string, since: number, bytes: Uint8Array, by: string, slot: number): Claim {
    const claim = this.given(key, bytes, by, slot);
    const { version } = claim;
    promise(version.enteredAt <= this.time, `${by} sees ${key}#${version.id}, which was never entered`);
    promise(version.leftAt >= since, `${by} sees ${key}#${version.id}, which had left before the read began`);
    return claim;
  }

  /** Somebody was given these bytes as the value of a key. */
  given(key: string, bytes: Uint8Array, by: string, slot: number): Claim {
    const id = idIn(bytes);
    const version = this.#versions[id];
    promise(version !== undefined, `${by} reads ${key} and finds bytes that nobody has written`);
    promise(version.key === key, `${by} reads ${key} and finds ${version.key}#${id}`);
    const claim = { version, bytes, by, slot, since: this.time };
    assertWhole(claim);
    return claim;
  }

  /** Somebody has looked for a key, since `since`, and not found it. */
  missed(key: string, since: number, by: string): void {
    const from = this.#present.get(key);
    promise(from === undefined || from > since, `${by} misses ${key}, which was there all the time`);
  }

  /** All keys that are there. */
  get present(): string[] {
    return [...this.#present.keys()];
  }

  isPresent(key: string): boolean {
    return this.#present.has(key);
  }

  /** What is evicted is nothing that somebody relied on when the keeper began. */
  evicted(slot: number, began: number): void {
    for (const claim of this.claims) {
      promise(claim.slot !== slot || claim.since >= began, `${claim.version.key} is evicted, and pinned`);
    }
  }

  /** Whatever somebody relies on is as it was. */
  verify(): void {
    for (const claim of this.claims) assertWhole(claim);
  }
}

function assertWhole({ version, bytes, by }: Claim): void {
  const { id, key, length } = version;
  promise(bytes.length === length, `${by} holds ${bytes.length} bytes of ${key}#${id}, which has ${length}`);
  promise(Buffer.compare(bytes, bytesOf(version)) === 0, `${by} holds ${key}#${id}, and its bytes have changed`);
}

function idIn(bytes: Uint8Array): number {
  return bytes.length < 4 ? -1 : bytes[0]! | (bytes[1]! << 8) | (bytes[2]! << 16) | (bytes[3]! << 24);
}

const FOUR = new real.Uint8Array(4);
function bytesOf({ id, length }: Version): Uint8Array {
  FOUR.set([id, id >> 8, id >> 16, id >> 24]);
  return Buffer.alloc(length, FOUR);
}
