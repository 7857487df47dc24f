import { Gathering } from '../../src/arena/gathering.js';
import { BOX_BYTES, refSlot, UNIT_BYTES } from '../../src/arena/layout.js';
import { LetterSender } from '../../src/arena/letter-sender.js';
import { Outbox } from '../../src/arena/outbox.js';
import type { FlightAnswer, Notice, Request } from '../../src/arena/protocol.js';
import { SharedReader } from '../../src/arena/reader.js';
import { isWide, planRecord, writeTrailer } from '../../src/arena/record.js';
import { ThreadRow } from '../../src/arena/thread-row.js';
import { packRequest } from '../../src/arena/wire.js';
import type { Committed, Grant } from '../../src/arena/write-protocol.js';
import { hashString } from '../../src/common/hash.js';
import { FOREVER, storeRequest } from '../arena/support/line.js';
import type { Actor, Deed } from './actor.js';
import { type Player, real } from './memory.js';
import { type Claim, promise } from './truth.js';
import { type Posted, TOLD } from './wire.js';
import { KEYS, type World } from './world.js';

/** What expires stays a while, stale. */
const TERMS = { ...FOREVER, graceMs: 20 };

interface Lease {
  pin: number;
  claim: Claim;
}

/** A thread's side of the protocol, made of the real reader; made anew each time its program runs from its beginning. */
export class Thread {
  readonly row: ThreadRow;
  readonly reader: SharedReader;
  readonly leases: Lease[] = [];
  readonly #world: World;

  constructor(
    readonly actor: Actor,
    readonly player: Player,
  ) {
    const { world, wire } = actor;
    this.#world = world;
    this.row = new ThreadRow(world.control, wire.row);
    this.reader = new SharedReader(world.table, this.row, world.segments);
  }

  hash(key: string): number {
    return hashString(key, this.#world.ticket.seed) | 0;
  }

  /** Done once, however often the program is run again. */
  once<T>(act: () => T): T {
    return this.player.step(() => ({ value: act() }));
  }

  get time(): number {
    return this.once(() => this.#world.truth.time);
  }

  notify(notice: Notice): void {
    this.player.post(() => this.actor.wire.posted.push(notice));
  }

  ask<T>(request: Request, mayLeave = false): T | undefined {
    const { wire } = this.actor;
    this.player.rest();
    const id = this.player.post(() => wire.ask({ id: wire.nextId(), ...request }));
    this.actor.awaited = 0;
    if (mayLeave) this.notify({ op: 'leave', request: id, flight: 0 });
    return this.#answer(id);
  }

  /** Asks all of it within one turn, with the real gathering of questions: it may end between that and the posting. */
  askTogether<T>(asked: readonly (Request | Notice)[]): (T | undefined)[] {
    const { wire } = this.actor;
    this.player.rest();
    const turn = this.once(() => {
      const ends: (() => void)[] = [];
      const gathering = new Gathering(
        (message) => wire.posted.push(message),
        (end) => ends.push(end),
      );
      return { gathering, end: () => ends.splice(0).forEach((end) => void end()) };
    });
    const ids = asked.flatMap((one) =>
      this.player.post(() => {
        if (isNotice(one)) turn.gathering.say(one);
        if (isNotice(one)) return [];
        const numbered = wire.number(one);
        turn.gathering.say(packRequest(numbered.id, one));
        return [numbered.id];
      }),
    );
    this.player.post(turn.end);
    this.actor.awaited = 0;
    return ids.map((id) => this.#answer<T>(id));
  }

  #answer<T>(id: number): T | undefined {
    const { wire } = this.actor;
    const result = this.player.step(() => {
      const answer = wire.answers.get(id);
      this.actor.awaited = answer === undefined ? id : 0;
      if (answer === undefined) return undefined;
      wire.answers.delete(id);
      promise(answer.op === 'answer' || answer.op === 'refuse', 'a request is answered or refused');
      return { value: answer.op === 'answer' ? (answer.result as T) : undefined };
    });
    this.player.rest();
    return result;
  }

  /** The bytes of the first part of a pinned slot. */
  bytes(slot: number): Uint8Array {
    return this.once(() => {
      const record = this.reader.record(slot);
      const part = record?.parts[0];
      promise(part !== undefined, 'a record has a part');
      const { buffer, byteOffset, byteLength } = part;
      promise(byteOffset + byteLength <= buffer.byteLength, 'a part lies within its segment');
      return new real.Uint8Array(buffer, byteOffset, byteLength);
    });
  }

  /** Holds what was pinned and found, or lets it go. */
  keep(pin: number, claim: Claim, isLeased: boolean): void {
    this.once(() => this.actor.rely(claim));
    if (isLeased && pin > 0) this.leases.push({ pin, claim });
    else this.#release({ pin, claim });
  }

  release(): void {
    const lease = this.leases.shift();
    if (lease !== undefined) this.#release(lease);
  }

  releaseAll(): void {
    while (this.leases.length > 0) this.release();
    this.once(() => promise(this.row.pinsInUse === 0, 'no pin is left behind'));
  }

  #release({ pin, claim }: Lease): void {
    this.once(() => {
      this.#world.truth.verify();
      this.actor.relyNoMore(claim);
    });
    this.row.unpin(pin);
    if (this.row.releaseWanted) this.notify({ op: 'released' });
  }

  /** Reads a key, the long way or the short one. */
  read(key: string, { isLeased, isNear }: { isLeased: boolean; isNear: boolean }): boolean {
    const { reader } = this;
    const { truth, clock } = this.#world;
    const since = this.time;
    const entry = isNear ? reader.hitNear(key) : undefined;
    const known = reader.takeUnsure(key);
    const slot = entry ? refSlot(entry.ref) : reader.pinKey(key, known?.hash);
    if (slot < 0) {
      this.once(() => truth.missed(key, since, this.actor.name));
      return false;
    }
    const { pin } = reader;
    const bytes = this.bytes(slot);
    const claim = this.once(() => truth.seen(key, since, bytes, this.actor.name, slot));
    if (entry === undefined) {
      if (isNear) reader.learn(key, slot, placeOf(bytes), known);
      if (
        !reader.expires(slot) ||
        reader.freshAt(
          slot,
          this.once(() => clock.now),
        )
      )
        reader.noteHit(slot);
    } else {
      const { version } = claim;
      const isFresh = () => version.freshUntil > clock.now || version.limitedAt >= since;
      this.once(() => promise(isFresh(), 'what a thread remembers is fresh'));
      // A number says that everything is as it was: the value, and where it lies.
      this.once(() => promise(entry.value === placeOf(bytes), 'what a thread remembers has not been moved'));
    }
    this.keep(pin, claim, isLeased);
    return true;
  }

  /** Takes over a slot that the keeper holds for this thread. */
  takeOver(key: string, slot: number, isLeased: boolean): void {
    const { reader } = this;
    reader.pinHeld(slot);
    const { pin } = reader;
    this.notify({ op: 'unhold', cache: this.#world.ticket.cache, slot });
    const bytes = this.bytes(slot);
    this.keep(
      pin,
      this.once(() => this.#world.truth.given(key, bytes, this.actor.name, slot)),
      isLeased,
    );
  }

  /** Asks for a place, writes, and enters what was written or gives it up. */
  write({ key, size, way }: Deed, flight = 0): 'stored' | 'outdone' | 'refused' | 'given up' {
    const { cache } = this.#world.ticket;
    const { truth } = this.#world;
    const { version, bytes } = this.once(() => truth.write(key, size));
    const wide = isWide(key);
    const plan = planRecord([size], 0, key, wide);
    const place = { cache, key, hash: this.hash(key), wide, flight };
    const grant = this.ask<Grant | { refused: string }>({ op: 'reserve', ...place, bytes: plan.byteLength });
    if (grant === undefined || 'refused' in grant) return 'refused';
    this.once(() => this.actor.writes.push(grant));
    this.player.rest();
    const base = grant.unit * UNIT_BYTES;
    const { segments } = this.#world;
    const half = size >> 1;
    const target = segments.view(grant.segment, base, size)!;
    target.set(bytes.subarray(0, half));
    target.set(bytes.subarray(half), half);
    const trailer = segments.view(grant.segment, base + plan.trailer, plan.byteLength - plan.trailer)!;
    writeTrailer(trailer, plan.parts, new Uint8Array(0), key, wide);
    this.once(() => {
      this.actor.writes = [];
      truth.writing.set(grant.reservation, version);
    });
    const { reservation, block } = grant;
    if (way === 3) {
      this.ask({ op: 'abort', reservation });
      return 'given up';
    }
    const committed = this.ask<{ stored: boolean }>({
      op: 'commit',
      reservation,
      block,
      units: Math.ceil(plan.byteLength / UNIT_BYTES),
      externals: [],
      trailer: plan.trailer,
      skeletonLength: 0,
      parts: 1,
      loadMs: 0,
      terms: way === 2 ? { ...TERMS, ttlMs: 30 } : TERMS,
    });
    return committed?.stored ? 'stored' : 'outdone';
  }

  /** Has the keeper write and enter what travels with the request. */
  store({ key, size, way }: Deed, flight = 0): 'stored' | 'outdone' | 'refused' {
    const { cache } = this.#world.ticket;
    const place = { cache, hash: this.hash(key), flight };
    const { truth, control } = this.#world;
    const outbox = new Outbox(control, this.actor.wire.row);
    const terms = way === 2 ? { ...TERMS, ttlMs: 30 } : TERMS;
    const request = this.once(() => storeRequest(outbox, place, key, truth.write(key, size).bytes, terms));
    promise(request !== undefined, 'there is room in an outbox');
    const result = this.ask<Committed | { refused: string }>(request);
    // Who has answered is through with it.
    this.once(() => outbox.view(0, request.byteLength).fill(0xdd));
    if (result === undefined || 'refused' in result) return 'refused';
    return result.stored ? 'stored' : 'outdone';
  }

  /** As `store`, several in one turn, with something between them or not. */
  together({ key, size, way }: Deed): void {
    const { cache } = this.#world.ticket;
    const { truth, control } = this.#world;
    const other = KEYS[(KEYS.indexOf(key) + 1) % KEYS.length]!;
    const keys = way % 2 === 0 ? [key, other, key, other] : [key, key, key, other];
    const { requests, outbox } = this.once(() => {
      const outbox = new Outbox(control, this.actor.wire.row);
      const requests: (Request | Notice)[] = keys.map((one) => {
        const place = { cache, hash: this.hash(one), flight: 0 };
        const request = storeRequest(outbox, place, one, truth.write(one, size).bytes, TERMS);
        promise(request !== undefined, 'there is room in an outbox');
        return request;
      });
      const removal: Request = { op: 'remove', cache, keys: [key], hashes: [this.hash(key)], reason: 'delete' };
      if (way === 2) requests.splice(2, 0, { op: 'released' });
      if (way === 3) requests.splice(2, 0, removal);
      return { requests, outbox };
    });
    this.askTogether<Committed | { refused: string }>(requests);
    this.once(() => outbox.view(0, BOX_BYTES).fill(0xdd));
  }

  /** As `store`, without messages: in one turn, with something between them or not, and the real gathering and slips. */
  letters({ key, size, way }: Deed): void {
    const { wire } = this.actor;
    const { cache } = this.#world.ticket;
    const { truth, control } = this.#world;
    const other = KEYS[(KEYS.indexOf(key) + 1) % KEYS.length]!;
    const removal: Request = { op: 'remove', cache, keys: [key], hashes: [this.hash(key)], reason: 'delete' };
    this.player.rest();
    const outbox = this.once(() => new Outbox(control, wire.row));
    const before = this.once(() => wire.said);
    const stored = new Set<number>();
    const sender = new LetterSender(control, wire.row, (id) => stored.add(id));
    const ends: (() => void)[] = [];
    const post = (message: Posted) => this.player.post(() => void wire.posted.push(message));
    const gathering = new Gathering(post, (end) => ends.push(end));
    const ids: number[] = [];
    const write = (one: string) => {
      const written = this.once(() => {
        const place = { cache, hash: this.hash(one), flight: 0 };
        const request = storeRequest(outbox, place, one, truth.write(one, size).bytes, TERMS);
        promise(request !== undefined, 'there is room in an outbox');
        return { id: wire.number(request).id, request };
      });
      ids.push(written.id);
      return written;
    };
    const gather = (one: string) => {
      const { id, request } = write(one);
      gathering.say(packRequest(id, request));
    };
    const send = (one: string) => {
      const { id, request } = write(one);
      gathering.beside(
        (posted) => sender.send(id, request, before + posted),
        () => sender.mustNudge,
      );
    };
    const remove = () => {
      const numbered = this.once(() => wire.number(removal));
      ids.push(numbered.id);
      gathering.say(numbered);
    };
    if (way === 3) {
      remove();
      gather(key);
    }
    send(key);
    if (way === 1) send(other);
    if (way === 2) remove();
    if (way === 3) gather(other);
    else if (way > 0) send(key);
    for (const end of ends) end();
    while (sender.isOpen) sender.notice(sender.want() ?? this.#told());
    this.actor.awaited = 0;
    for (const id of ids) if (!stored.has(id)) this.#answer(id);
    this.once(() => outbox.view(0, BOX_BYTES).fill(0xdd));
  }

  #told(): number {
    const { wire } = this.actor;
    return this.player.step(() => {
      const { told } = wire;
      this.actor.awaited = told === undefined ? TOLD : 0;
      wire.told = undefined;
      return told === undefined ? undefined : { value: told };
    });
  }

  /** Asks for a key, and loads it if it is told to. */
  load(deed: Deed, op: 'claim' | 'load'): void {
    const { key, way } = deed;
    const { cache } = this.#world.ticket;
    const about = {
      cache,
      key,
      hash: this.hash(key),
      force: way === 1,
      hardTimeoutMs: 50,
      negativeMs: 0,
      backOffMs: 0,
      inside: 0,
    };
    const request: Request =
      op === 'claim'
        ? { op, ...about }
        : { op, ...about, loader: 'pooled', input: undefined, terms: TERMS, retries: 1 };
    const answer = this.ask<FlightAnswer>(request, way === 2);
    if (answer?.kind === 'slot') this.takeOver(key, answer.slot, way === 1);
    else if (answer?.kind === 'claim') this.produce({ ...deed, way: deed.size % 8 }, answer.flight);
  }

  /** Makes the value of a flight, or fails to. */
  produce(deed: Deed, flight: number): void {
    if (deed.way === 4) {
      this.ask({ op: 'fail', flight, error: { code: 'ERR_CACHE_LOAD', message: 'no value' } });
      return;
    }
    const outcome = deed.way === 6 ? this.store(deed, flight) : this.write(deed, flight);
    if (outcome === 'stored' || outcome === 'outdone') return;
    this.ask({ op: 'settle', flight, answer: { kind: 'skip' }, rejected: outcome === 'refused' });
  }
}

function isNotice(asked: Request | Notice): asked is Notice {
  return asked.op === 'released';
}

function placeOf({ buffer, byteOffset }: Uint8Array): string {
  return `${buffer.byteLength} ${byteOffset}`;
}
