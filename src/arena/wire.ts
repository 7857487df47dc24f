/**
 * # What is said often, said flat
 *
 * A port clones what it carries, and takes an object apart name by name: asking for a room and being granted it costs
 * more than waking the other thread does. So the messages of a miss and of a write travel as one array of numbers with
 * the key behind them, and everything else, or whatever has something unusual to say, as the object that it is. Both
 * ends know both: what is unpacked is just what was packed.
 */
import type { EntryTerms } from './lifetime.js';
import type { ClaimRequest, FlightAnswer, FromKeeper, Request } from './protocol.js';
import type { CommitRequest, Grant, StoreRequest } from './write-protocol.js';

type Numbered<T> = { id: number } & T;
type Answer = Extract<FromKeeper, { op: 'answer' }>;

const RESERVE = 1;
const COMMIT = 2;
const CLAIM = 3;
const STORE = 4;

const GRANT = 1;
const COMMITTED = 2;
const LEAD = 3;
const HELD = 4;

/** A message as numbers, and the strings at its end. */
export type Packed = (number | string)[];

export function isPacked(message: unknown): message is Packed {
  return Array.isArray(message);
}

/** How much room a request asks for; 0 for any other. */
export function bytesAsked(packed: Packed): number {
  return packed[0] === RESERVE ? (packed[5] as number) : 0;
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

export function unpackRequest(packed: Packed): Numbered<Request> {
  const at = (place: number): number => packed[place] as number;
  const id = at(1);
  switch (at(0)) {
    case RESERVE:
      return {
        id,
        op: 'reserve',
        cache: at(2),
        key: packed[7] as string,
        hash: at(3),
        wide: at(4) === 1,
        bytes: at(5),
        flight: at(6),
      };
    case COMMIT:
      return unpackCommit(id, at);
    case STORE:
      return unpackStore(id, at, packed[20] as string);
    case CLAIM:
      return unpackClaim(id, at, packed[10] as string);
    default:
      throw new TypeError(`wire: expected a packed request; got kind ${packed[0]}`);
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

export function unpackAnswer(packed: Packed): Answer {
  return { op: 'answer', id: packed[1] as number, result: resultOf(packed as number[]) };
}

function resultOf(packed: readonly number[]): Grant | { stored: boolean } | FlightAnswer {
  const [kind, , first = 0, second = 0, third = 0, fourth = 0, fifth = 0] = packed;
  switch (kind) {
    case GRANT:
      return { reservation: first, block: second, segment: third, unit: fourth, units: fifth };
    case COMMITTED:
      return { stored: first === 1 };
    case LEAD:
      return { kind: 'claim', flight: first };
    case HELD:
      return { kind: 'slot', slot: first, number: second };
    default:
      throw new TypeError(`wire: expected a packed answer; got kind ${kind}`);
  }
}

/** Whether numbers say all of them. */
function isPlain({ tags, size, appraise }: EntryTerms): boolean {
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
