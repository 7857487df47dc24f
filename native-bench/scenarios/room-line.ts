/**
 * A keeper in this thread, and the one thread that asks it, in step with it: every message is answered before the next.
 * Requests, grants, records, pins and noted uses are the real ones; only the bytes of the values are not written.
 */

import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { Keeper } from '../../src/arena/keeper.js';
import type { KeeperCache } from '../../src/arena/keeper-cache.js';
import type { CacheTicket, FromKeeper, Request } from '../../src/arena/protocol.js';
import { SharedReader } from '../../src/arena/reader.js';
import { planRecord, writeTrailer } from '../../src/arena/record.js';
import { SegmentMap } from '../../src/arena/segment-map.js';
import { CacheTable } from '../../src/arena/table.js';
import { ThreadRow } from '../../src/arena/thread-row.js';
import { isPacked, type Packed, unpackAnswers } from '../../src/arena/wire.js';
import type { Grant } from '../../src/arena/write-protocol.js';
import { hashString } from '../../src/common/hash.js';

const UNIT = 64;
const NONE = new Uint8Array(0);
const FOREVER = { ttlMs: Number.POSITIVE_INFINITY, idleMs: Number.POSITIVE_INFINITY, graceMs: 0, cost: 1 };

export class RoomLine {
  readonly keeper: Keeper;
  readonly cache: KeeperCache;
  readonly #port: MessagePort;
  readonly #segments = new SegmentMap();
  readonly #reader: SharedReader;
  readonly #seed: number;
  #row: ThreadRow | undefined;
  #answer: FromKeeper | undefined;
  #id = 0;

  /** `maxEntries`: more than there ever are, so that bytes alone count. */
  constructor(policy: string, maxBytes: number, maxEntries: number) {
    const start = () => {
      throw new Error('room: expected nothing to be loaded');
    };
    this.keeper = new Keeper(0, { start }, () => 1);
    this.#port = new MessageChannel().port1;
    this.#port.postMessage = (message: FromKeeper | Packed) => this.#hear(message);
    this.keeper.connect(1, this.#port);
    this.#port.unref();
    const ticket = this.#ask<CacheTicket>({
      op: 'create',
      config: {
        name: 'room',
        maxBytes,
        maxEntries,
        maxEntryBytes: undefined,
        policy,
        cost: 'requests',
        ttlMs: Number.POSITIVE_INFINITY,
        idleMs: Number.POSITIVE_INFINITY,
        graceMs: 0,
        // Nobody else could make room meanwhile.
        reserveTimeoutMs: 0,
        loaders: {},
        defaultLoader: undefined,
        pool: {},
      },
    });
    this.#seed = ticket.seed;
    this.cache = this.keeper.caches.get(ticket.cache)!;
    const table = new CacheTable(ticket.table, ticket.cache, ticket.seed, ticket.slots);
    this.#reader = new SharedReader(table, this.#row!, this.#segments);
  }

  hash(key: string): number {
    return hashString(key, this.#seed) | 0;
  }

  /** Whether it is there; notes the use. */
  read(key: string): boolean {
    const slot = this.#reader.pinKey(key);
    if (slot < 0) return false;
    this.#reader.noteHit(slot);
    this.#reader.unpin();
    return true;
  }

  /** Pins an entry that is there until what is returned is called. */
  lease(key: string): () => void {
    this.#reader.pinKey(key);
    const { pin } = this.#reader;
    return () => this.#row!.unpin(pin);
  }

  /** Bytes that the record of a value has. */
  recordBytes(key: string, bytes: number): number {
    return planRecord([bytes], 0, key, false).byteLength;
  }

  /** Whether there was room for it. */
  insert(key: string, bytes: number): boolean {
    const { id: cache } = this.cache;
    const plan = planRecord([bytes], 0, key, false);
    const hash = this.hash(key);
    const length = plan.byteLength;
    const grant = this.#ask<Grant | { refused: string }>({
      ...{ op: 'reserve', cache, key, hash, wide: false, bytes: length, flight: 0 },
    });
    if ('refused' in grant) return false;
    const at = grant.unit * UNIT + plan.trailer;
    const trailer = this.#segments.view(grant.segment, at, length - plan.trailer)!;
    writeTrailer(trailer, plan.parts, NONE, key, false);
    return this.#ask<{ stored: boolean }>({
      op: 'commit',
      reservation: grant.reservation,
      block: grant.block,
      units: Math.ceil(length / UNIT),
      externals: [],
      trailer: plan.trailer,
      skeletonLength: 0,
      parts: 1,
      terms: FOREVER,
      loadMs: 0,
    }).stored;
  }

  close(): void {
    this.#port.close();
  }

  #ask<T>(request: Request): T {
    this.#answer = undefined;
    this.#port.emit('message', { id: ++this.#id, ...request });
    const { op, ...answer } = this.#answer ?? { op: 'none' };
    if (op === 'answer' && 'result' in answer) return answer.result as T;
    throw new Error(`room: expected an answer to ${request.op}; got ${JSON.stringify(answer)}`);
  }

  #hear(posted: FromKeeper | Packed): void {
    const message = isPacked(posted) ? unpackAnswers(posted)[0]! : posted;
    if (message.op === 'welcome') this.#row = new ThreadRow(message.control, message.row);
    else if (message.op === 'segment') this.#segments.add(message.segment, message.buffer);
    else if (message.op === 'answer' || message.op === 'refuse') this.#answer = message;
  }
}
