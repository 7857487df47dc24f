/**
 * # What is said often, said flat
 *
 * A port clones what it carries, and takes an object apart name by name: asking for a room and being granted it costs
 * more than waking the other thread does. So the messages of a miss and of a write travel as one array of numbers with
 * the key behind them, and everything else, or whatever has something unusual to say, as the object that it is. Both
 * ends know both: what is unpacked is just what was packed. Several of them go behind each other in one array: to
 * post costs more than what is in it.
 */
import type { EntryTerms } from './lifetime.js';
import type { ClaimRequest, FlightAnswer, FromKeeper, Request } from './protocol.js';
import type { CommitRequest, Grant, StoreRequest } from './write-protocol.js';

type Numbered<T> = { id: number } & T;
type Answer = Extract<FromKeeper, { op: 'answer' }>;

/** In the first place: several messages follow, each as it is by itself. */
const SEVERAL = 0;

const RESERVE = 1;
const COMMIT = 2;
const CLAIM = 3;
const STORE = 4;
/** How many places a request takes, by its kind. */
const REQUEST_PLACES = [1, 8, 16, 11, 21];

/** A message that asks for nothing: the keeper is to look at letters. */
export const NUDGE: Packed = [];

const GRANT = 1;
const COMMITTED = 2;
const LEAD = 3;
const HELD = 4;
/** Is no answer, and stands alone: letters that have passed. */
const PASSED = 5;
/** The same of an answer. */
const ANSWER_PLACES = [1, 7, 3, 3, 4];

/** A message as numbers, and the strings at its end. */
export type Packed = (number | string)[];

export function isPacked(message: unknown): message is Packed {
  return Array.isArray(message);
}

/** Packed messages in one. */
export function joined(messages: readonly Packed[]): Packed {
  if (messages.length === 1) return messages[0]!;
  const all: Packed = [SEVERAL];
  for (const message of messages) for (const one of message) all.push(one);
  return all;
}

/** How much room packed requests ask for; 0 for those that do not. */
export function bytesAsked(packed: Packed): number {
  let bytes = 0;
  for (const at of placesOf(packed, REQUEST_PLACES)) if (packed[at] === RESERVE) bytes += packed[at + 5] as number;
  return bytes;
}

/** Where each message of a packed one begins. */
function placesOf(packed: Packed, lengths: readonly number[]): number[] {
  const places: number[] = [];
  for (let at = packed[0] === SEVERAL ? 1 : 0; at < packed.length; ) {
    places.push(at);
    at += lengths[packed[at] as number] ?? packed.length;
  }
  return places;
}

/** A request as it is posted. */
export function packRequest(id: number, request: Request): Packed | Numbered<Request> {
  switch (request.op) {
    case 'reserve': {
      const { cache, hash, wide, bytes, flight, key } = request;
      return [RESERVE, id, cache, hash, wide ? 1 : 0, bytes, flight, key];
    }
    case 'commit':
      return request.externals.length === 0 && isPlain(request.terms) ? packCommit(id, request) : { id, ...request };
    case 'store':
      return isPlain(request.terms) ? packStore(id, request) : { id, ...request };
    case 'claim':
      return request.tags === undefined || request.tags.length === 0 ? packClaim(id, request) : { id, ...request };
    default:
      return { id, ...request };
  }
}

/** The requests of a message, in the order in which they were asked. */
export function unpackRequests(packed: Packed): Numbered<Request>[] {
  return placesOf(packed, REQUEST_PLACES).map((from) => unpackRequest(packed, from));
}

function unpackRequest(packed: Packed, from: number): Numbered<Request> {
  const at = (place: number): number => packed[from + place] as number;
  const id = at(1);
  switch (at(0)) {
    case RESERVE:
      return {
        id,
        op: 'reserve',
        cache: at(2),
        key: packed[from + 7] as string,
        hash: at(3),
        wide: at(4) === 1,
        bytes: at(5),
        flight: at(6),
      };
    case COMMIT:
      return unpackCommit(id, at);
    case STORE:
      return unpackStore(id, at, packed[from + 20] as string);
    case CLAIM:
      return unpackClaim(id, at, packed[from + 10] as string);
    default:
      throw new TypeError(`wire: expected a packed request; got kind ${packed[from]}`);
  }
}

/** An answer as it is posted. */
export function packAnswer(answer: Answer): Packed | Answer {
  const { id, result } = answer;
  if (typeof result !== 'object' || result === null) return answer;
  if ('unit' in result) {
    const { reservation, block, segment, unit, units } = result as Grant;
    return [GRANT, id, reservation, block, segment, unit, units];
  }
  if ('stored' in result && !('outdone' in result)) return [COMMITTED, id, result.stored ? 1 : 0];
  if ('kind' in result) {
    const flight = result as FlightAnswer;
    if (flight.kind === 'claim') return [LEAD, id, flight.flight];
    if (flight.kind === 'slot') return [HELD, id, flight.slot, flight.number];
  }
  return answer;
}

/** So many letters have passed. */
export function packPassed(count: number): Packed {
  return [PASSED, count];
}

export function unpackPassed(packed: Packed): number | undefined {
  return packed[0] === PASSED ? (packed[1] as number) : undefined;
}

/** The answers of a message, in the order in which they were given. */
export function unpackAnswers(packed: Packed): Answer[] {
  return placesOf(packed, ANSWER_PLACES).map((from) => ({
    op: 'answer',
    id: packed[from + 1] as number,
    result: resultOf(packed, from),
  }));
}

function resultOf(packed: Packed, from: number): Grant | { stored: boolean } | FlightAnswer {
  const at = (place: number): number => packed[from + place] as number;
  switch (at(0)) {
    case GRANT:
      return { reservation: at(2), block: at(3), segment: at(4), unit: at(5), units: at(6) };
    case COMMITTED:
      return { stored: at(2) === 1 };
    case LEAD:
      return { kind: 'claim', flight: at(2) };
    case HELD:
      return { kind: 'slot', slot: at(2), number: at(3) };
    default:
      throw new TypeError(`wire: expected a packed answer; got kind ${at(0)}`);
  }
}

/** Whether numbers say all of them. */
export function isPlain({ tags, size, appraise }: EntryTerms): boolean {
  return tags === undefined && size === undefined && appraise === undefined;
}

function packStore(id: number, request: StoreRequest): Packed {
  const { cache, key, hash, wide, bytes, start, byteLength, flight, turn } = request;
  const { trailer, skeletonLength, parts, tagsLength = 0, loadMs } = request;
  const { ttlMs, idleMs, graceMs, cost, jitter = 0 } = request.terms;
  const packed: Packed = [STORE, id, cache, hash, wide ? 1 : 0, bytes, flight, turn, trailer, skeletonLength, parts];
  packed.push(tagsLength, loadMs, ttlMs, idleMs, graceMs, cost, jitter, start, byteLength, key);
  return packed;
}

function unpackStore(id: number, at: (place: number) => number, key: string): Numbered<StoreRequest> {
  return {
    id,
    op: 'store',
    cache: at(2),
    key,
    hash: at(3),
    wide: at(4) === 1,
    bytes: at(5),
    flight: at(6),
    turn: at(7),
    trailer: at(8),
    skeletonLength: at(9),
    parts: at(10),
    tagsLength: at(11),
    loadMs: at(12),
    terms: { ttlMs: at(13), idleMs: at(14), graceMs: at(15), cost: at(16), jitter: at(17) },
    start: at(18),
    byteLength: at(19),
  };
}

function packCommit(id: number, request: CommitRequest): Packed {
  const { reservation, block, units, trailer, skeletonLength, parts, tagsLength = 0, loadMs, turn = 0 } = request;
  const { ttlMs, idleMs, graceMs, cost, jitter = 0 } = request.terms;
  const place = [COMMIT, id, reservation, block, units, trailer, skeletonLength, parts, tagsLength, loadMs, turn];
  place.push(ttlMs, idleMs, graceMs, cost, jitter);
  return place;
}

function unpackCommit(id: number, at: (place: number) => number): Numbered<CommitRequest> {
  const terms: EntryTerms = { ttlMs: at(11), idleMs: at(12), graceMs: at(13), cost: at(14), jitter: at(15) };
  const request: Numbered<CommitRequest> = {
    id,
    op: 'commit',
    reservation: at(2),
    block: at(3),
    units: at(4),
    externals: [],
    trailer: at(5),
    skeletonLength: at(6),
    parts: at(7),
    tagsLength: at(8),
    terms,
    loadMs: at(9),
  };
  if (at(10) > 0) request.turn = at(10);
  return request;
}

function packClaim(id: number, request: ClaimRequest): Packed {
  const { cache, key, hash, force, hardTimeoutMs, negativeMs, backOffMs, inside } = request;
  const { olderThanMs = -1, spares = false } = request;
  const flags = (force ? 1 : 0) + (spares ? 2 : 0);
  return [CLAIM, id, cache, hash, flags, hardTimeoutMs, negativeMs, backOffMs, inside, olderThanMs, key];
}

function unpackClaim(id: number, at: (place: number) => number, key: string): Numbered<ClaimRequest> {
  const request: Numbered<ClaimRequest> = {
    id,
    op: 'claim',
    cache: at(2),
    key,
    hash: at(3),
    force: (at(4) & 1) !== 0,
    hardTimeoutMs: at(5),
    negativeMs: at(6),
    backOffMs: at(7),
    inside: at(8),
    tags: [],
  };
  if (at(9) >= 0) request.olderThanMs = at(9);
  if ((at(4) & 2) !== 0) request.spares = true;
  return request;
}
