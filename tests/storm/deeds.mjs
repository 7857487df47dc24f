import { randomFill } from 'node:crypto';
import { read as readFile } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { fill, LEAST_BYTES, makeValue, verify, WrongBytes } from './pattern.mjs';
import { blockForever } from './ruin.mjs';
import { CACHES, FILES, fileKey } from './stage.mjs';

const readInto = promisify(readFile);
const fillRandomly = promisify(randomFill);

const SHAPES = { bytes: 4, image: 4, pair: 2, text: 1 };
const RUINS = { fail: 4, exit: 3, throw: 3, memory: 1, hang: 1 };
const LOADS = { plain: 6, copy: 2, second: 2, skip: 1 };
/** A loader that is told to hang is given up after so many ms. */
const PATIENCE_MS = 40;
const MAX_HELD = 24;
/** So many keys that functions of threads make, and so many of each kind that the pool does. */
const LEADS = 30;
const LOADED = 60;
/** More than an actor has flows: no two of them use one at a time. */
const OWN_KEYS = 64;

/** What one actor does to the caches. Whatever it reads it verifies; what it did not expect it throws. */
export class Deeds {
  #held = [];
  #nonce = 0;
  #turn = 0;

  /** `self` is a number that no other actor has; `files` are descriptors of the pattern files, `pipe` of a pipe. */
  constructor({ media, notes, random, tally, self, files, pipe }) {
    this.media = media;
    this.notes = notes;
    this.random = random;
    this.tally = tally;
    this.self = self;
    this.files = files;
    this.pipeFd = pipe;
  }

  async read() {
    for (let left = 6; left > 0; left--) {
      const key = this.#key();
      const value = this.random.chance(0.2) ? await this.media.getAsync(key) : this.media.get(key);
      this.#check(value, key);
    }
  }

  async lease() {
    const key = this.#key();
    const lease = this.media.acquire(key);
    if (lease === undefined) return this.tally.add('misses');
    await this.#hold(lease, key, this.random.chance(0.5) ? 0 : this.random.between(0, 20));
  }

  /** Takes leases and forgets the time: they are released by later deeds, or never. */
  async hold() {
    const key = this.#key();
    const lease = this.media.acquire(key);
    if (lease !== undefined) {
      this.#check(lease.value, key);
      this.#held.push({ lease, key });
    }
    while (this.#held.length > MAX_HELD || (this.#held.length > 0 && this.random.chance(0.3))) {
      const [one] = this.#held.splice(this.random.int(this.#held.length), 1);
      this.#check(one.lease.value, one.key);
      one.lease.release();
    }
    await sleep(this.random.between(0, 4));
  }

  async write() {
    const key = this.#key();
    this.#note(await this.media.set(key, this.#value(key, this.random.size(CACHES.media.least, CACHES.media.most))));
  }

  /** A key that nobody else writes: what was written last is what is read, or nothing. */
  async own() {
    const key = `own:${this.self}:${this.#turn++ % OWN_KEYS}`;
    const nonce = this.#nextNonce();
    const stored = await this.media.set(key, makeValue('image', key, nonce, this.random.size(1024, 65_536)));
    this.#note(stored);
    const found = this.media.get(key);
    if (found !== undefined && (!stored || this.#check(found, key) !== nonce)) {
      throw new WrongBytes(`${key}: wrote ${nonce} (${stored ? 'stored' : 'refused'}); found ${found.nonce}`);
    }
    if (this.random.chance(0.5)) return;
    await this.media.delete(key);
    if (this.media.has(key)) throw new WrongBytes(`${key}: was deleted, and is there`);
    this.tally.add('removals');
  }

  async remove() {
    // What is just being loaded, too: those who wait are answered, and who comes later loads anew.
    const key = this.random.chance(0.5) ? this.#loadedKey() : this.#key();
    const deed = this.random.pick({ delete: 5, touch: 3, expire: 1, deleteMany: 1 });
    await this.media[deed](deed === 'deleteMany' ? [key, this.#key()] : key);
    this.tally.add('removals');
  }

  async clear() {
    await this.media.clear();
    this.tally.add('removals');
  }

  /** Small values, their lifetimes, and what is left of them. */
  async note() {
    for (let left = 4; left > 0; left--) {
      const one = `note:${this.random.int(CACHES.notes.keys)}`;
      this.#check(this.notes.get(one), one);
    }
    const key = `note:${this.random.int(CACHES.notes.keys)}`;
    const { least, most } = CACHES.notes;
    this.#note(await this.notes.set(key, this.#value(key, this.random.size(least, most))));
  }

  /** Very many small writes at once. */
  async burst() {
    const { keys, least, most } = CACHES.notes;
    const from = this.random.int(keys);
    const writes = [];
    for (let i = 0; i < 1500; i++) {
      const key = `note:${(from + i) % keys}`;
      writes.push(this.notes.set(key, this.#value(key, this.random.size(least, most))));
    }
    for (const stored of await Promise.all(writes)) this.#note(stored);
  }

  /** Bytes of the cache, written in steps, and published or given back. */
  async reserve() {
    const key = this.#key();
    const reservation = await this.#reserve(key, this.random.size(CACHES.media.least, CACHES.media.most));
    if (reservation === undefined) return;
    const { bytes } = reservation;
    const words = bytes.byteLength / 4;
    const nonce = this.#nextNonce();
    fill(bytes, key, nonce, 0, Math.ceil(words / 2));
    await sleep(this.random.between(0, 5));
    fill(bytes, key, nonce, Math.ceil(words / 2), words);
    if (this.random.chance(0.2)) return reservation.abort();
    const meta = this.random.chance(0.5) ? { key, nonce, width: 1, height: 1, pixels: bytes } : undefined;
    this.#note(await reservation.commit(meta));
  }

  /** A file, read by a native call into bytes of the cache. */
  async file() {
    const index = this.random.int(FILES.length);
    const reservation = await this.#reserve(fileKey(index), FILES[index]);
    if (reservation === undefined) return;
    for (let at = 0; at < FILES[index]; ) {
      const { bytesRead } = await readInto(this.files[index], reservation.bytes, at, FILES[index] - at, at);
      at += bytesRead;
    }
    this.tally.add('natives');
    this.#note(await reservation.commit());
  }

  /** Native calls that write what is no value of any key, so that one which comes too late is found out. */
  async scramble() {
    const reservation = await this.#reserve('junk', this.random.size(65_536, 4 * 2 ** 20));
    if (reservation === undefined) return;
    await Promise.all([fillRandomly(reservation.bytes), fillRandomly(reservation.bytes)]);
    this.tally.add('natives');
    await reservation.abort();
  }

  /** A native call that ends when the other end of a pipe wants it: long after this thread was killed. */
  async pipe() {
    const reservation = await this.#reserve('junk', 2 ** 20);
    if (reservation === undefined) return;
    const reading = readInto(this.pipeFd, reservation.bytes, 0, 65_536, null);
    this.onPipe?.();
    await reading;
    this.tally.add('natives');
    await reservation.abort();
  }

  async load() {
    const number = this.random.int(LOADED);
    const kind = this.random.pick(LOADS);
    const key = `load:${kind}:${number}`;
    const input = { key, ruin: kind, byteLength: 4096 * (1 + number * 8), delay: 1 };
    if (this.random.chance(0.5)) {
      this.#check(await this.media.load('storm', input, { key }), key);
    } else {
      const lease = await this.media.acquireOrLoad('storm', input, { key });
      await this.#hold(lease, key, this.random.between(0, 5));
    }
    this.tally.add('loads');
  }

  /** A load that ruins the thread it runs in. */
  async ruin() {
    const ruin = this.random.pick(RUINS);
    const key = `ruin:${ruin}:${this.self}:${this.#nextNonce()}`;
    const signal = ruin === 'hang' ? AbortSignal.timeout(PATIENCE_MS) : undefined;
    const input = { key, ruin, byteLength: this.random.size(4096, 2 ** 20), delay: 0 };
    try {
      await this.media.load('storm', input, { key, signal });
    } catch (error) {
      this.tally.add('failedLoads');
      if (error.name === (ruin === 'hang' ? 'TimeoutError' : 'CacheLoadError')) return;
      throw error;
    }
    throw new Error(`a load that should ${ruin} has succeeded`);
  }

  /** A value that a function of this thread makes, for all threads that ask for it. */
  async lead() {
    const key = `lead:${this.random.int(LEADS)}`;
    const value = await this.media.getOrSet(
      key,
      async () => {
        await sleep(this.random.between(0, 30));
        this.tally.add('leads');
        return this.#value(key, this.random.size(4096, 2 ** 20));
      },
      { ttl: 150 },
    );
    this.#check(value, key);
  }

  /** Reads without a pause, so that death comes in the middle of one. */
  spin() {
    this.tally.stall();
    for (;;) {
      const key = this.#key();
      const lease = this.media.acquire(key);
      if (lease !== undefined) this.#check(lease.value, key);
      lease?.release();
    }
  }

  /** Ends in the middle of a load that others wait for. */
  block() {
    this.tally.stall();
    if (this.random.chance(0.5)) return blockForever();
    return this.media.getOrSet(`lead:${this.random.int(LEADS)}`, blockForever, { forceRefresh: true });
  }

  releaseAll() {
    for (const { lease } of this.#held.splice(0)) lease.release();
  }

  async #hold(lease, key, ms) {
    try {
      this.tally.add('leases');
      const nonce = this.#check(lease.value, key);
      await sleep(ms);
      if (this.#check(lease.value, key) !== nonce) throw new WrongBytes(`${key}: changed while it was leased`);
    } finally {
      lease.release();
    }
  }

  async #reserve(key, byteLength) {
    try {
      return await this.media.reserve(key, Math.max(LEAST_BYTES, byteLength));
    } catch (error) {
      if (error.name !== 'CacheLoadError') throw error;
      this.tally.add('refused');
      return undefined;
    }
  }

  #check(value, key) {
    if (value === undefined) {
      this.tally.add('misses');
      return undefined;
    }
    try {
      const nonce = verify(value, key);
      this.tally.add('reads');
      return nonce;
    } catch (error) {
      throw new WrongBytes(`key '${key}': ${error.message}`);
    }
  }

  #note(stored) {
    this.tally.add(stored ? 'writes' : 'refused');
  }

  #key() {
    if (this.random.chance(0.1)) return fileKey(this.random.int(FILES.length));
    // Some keys are wanted more than others.
    return `media:${Math.floor(CACHES.media.keys * this.random.next() ** 2)}`;
  }

  #loadedKey() {
    if (this.random.chance(0.6)) return `lead:${this.random.int(LEADS)}`;
    return `load:${this.random.pick(LOADS)}:${this.random.int(LOADED)}`;
  }

  #value(key, byteLength) {
    return makeValue(this.random.pick(SHAPES), key, this.#nextNonce(), byteLength);
  }

  #nextNonce() {
    return this.self * 2 ** 20 + ++this.#nonce;
  }
}

/** The names of deeds, by the numbers under which a tally has them. */
export const DEEDS = [
  'read',
  'lease',
  'hold',
  'write',
  'own',
  'remove',
  'clear',
  'note',
  'burst',
  'reserve',
  'file',
  'scramble',
  'pipe',
  'load',
  'ruin',
  'lead',
  'spin',
  'block',
];
