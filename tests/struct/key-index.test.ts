import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EntryColumns } from '../../src/struct/entry-columns.js';
import { KeyIndex } from '../../src/struct/key-index.js';

/** An index that gives handles as a cache does, and a `Map` that does the same. */
class Pair {
  readonly model = new Map<unknown, number>();
  readonly #free: number[] = [];
  #used: number;

  constructor(
    readonly columns: EntryColumns<unknown, unknown> = new EntryColumns(),
    readonly index: KeyIndex<unknown> = new KeyIndex(columns, 7),
    firstHandle = 0,
  ) {
    this.#used = firstHandle;
  }

  set(key: unknown): void {
    if (this.#find(key) >= 0) return;
    const handle = this.#free.pop() ?? this.#used++;
    if (handle >= this.columns.capacity) this.columns.grow(handle + 8);
    this.index.add(key, handle, this.index.lastHash);
    this.model.set(key, handle);
  }

  delete(key: unknown): void {
    const found = this.#find(key);
    if (found < 0) return;
    this.index.remove(found);
    this.columns.empty(found);
    this.model.delete(key);
    this.#free.push(found);
  }

  #find(key: unknown): number {
    const found = this.index.find(key);
    // Not by `expect`, which takes a hundred times as long.
    if (found !== (this.model.get(key) ?? -1)) throw new Error(`${String(key)} is found at ${found}`);
    return found;
  }

  check(): void {
    this.index.validate();
    expect(this.index.size).toBe(this.model.size);
    expect([...this.index.handles()]).toEqual([...this.model.values()]);
    expect([...this.index.handles()].map((handle) => this.columns.key(handle))).toEqual([...this.model.keys()]);
    expect(this.index.handlesUnordered().sort()).toEqual(Uint32Array.from(this.model.values()).sort());
  }
}

const objects = [{}, [], () => undefined, Symbol('key')];
const someKey = fc.oneof(
  fc.nat(40).map((number) => `key ${number}`),
  fc.string({ maxLength: 3 }),
  fc.integer({ min: -20, max: 20 }),
  fc.constantFrom<unknown>('', '__proto__', 0, -0, Number.NaN, 0.5, 2 ** 31, -(2 ** 31), 2n, true, null, undefined),
  fc.constantFrom(...objects),
);

/** Keys that differ in characters only which no hash of a long string looks at. */
function alike(number: number): string {
  return `${'a'.repeat(20)}${String.fromCharCode(...[...`${1_000_000 + number}`].map(Number))}${'b'.repeat(200)}`;
}

describe('KeyIndex', () => {
  it('is what a Map is, for any keys, in the order of insertion', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: 2 }), someKey), { maxLength: 300 }), (steps) => {
        const pair = new Pair();
        for (const [step, key] of steps) step === 0 ? pair.delete(key) : pair.set(key);
        pair.check();
      }),
      { seed: 1, numRuns: 300 },
    );
  });

  it('grows, and shrinks when most is gone', () => {
    const pair = new Pair();
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < 20_000; i++) pair.set(i % 3 === 0 ? i : `key ${round} ${i}`);
      pair.check();
      for (const key of [...pair.model.keys()].slice(5 + round)) pair.delete(key);
      pair.check();
    }
    expect(pair.index.isSlow).toBe(false);
  });

  it('stays as quick when keys have come and gone for long', () => {
    const pair = new Pair();
    for (let i = 0; i < 300_000; i++) {
      pair.set(`key:${i}`);
      if (i >= 10_000) pair.delete(`key:${i - 10_000}`);
    }
    pair.check();
    expect(pair.index.isSlow).toBe(false);
  });

  it.each([
    ['their beginnings', (i: number) => `${i}: the same for all of them`],
    ['their middles', (i: number) => `https://cdn.example.com/images/${i}/large/cover.webp?format=webp&quality=80`],
  ])('hashes more of keys that differ in %s', (_, keyOf) => {
    const pair = new Pair();
    for (let i = 0; i < 10_000; i++) {
      pair.set(keyOf(i));
      if (i % 3 === 0) pair.delete(keyOf(i >> 1));
      // Two thirds are short, and would do with the first hash.
      pair.set(`${i}`);
      pair.set(i + 1);
    }
    pair.check();
    expect(pair.index.isSlow).toBe(false);
    expect(pair.index.meanWay()).toBeLessThan(4);
  });

  it('hashes more of them when they are few, too: no key has many others on its way', () => {
    const pair = new Pair();
    for (let i = 0; i < 200; i++) pair.set(`img/${1000 + i}.jpg`);
    expect(pair.index.meanWay()).toBeLessThan(2);
    expect(pair.index.isSlow).toBe(false);
  });

  it('hashes many keys anew only when others on the way have cost a part of that', () => {
    const pair = new Pair();
    const held = 32_000;
    const end = (number: number): string => number.toString(16).padStart(4, '0');
    const hashOfFirst = (): number => {
      pair.index.find(`a${end(0)}`);
      return pair.index.lastHash;
    };
    for (let i = 0; i < held; i++) pair.set(`a${end(i)}`);
    const before = hashOfFirst();
    // Each of these has one that is alike.
    for (let i = 0; i < 500; i++) pair.set(`b${end(i)}`);
    expect(hashOfFirst()).toBe(before);
    for (let i = 500; i < 2_000; i++) pair.set(`b${end(i)}`);
    expect(hashOfFirst()).not.toBe(before);
    pair.check();
  });

  it('keeps strings in a Map once their hashes have proven bad, and is right all the while', () => {
    const pair = new Pair();
    for (let i = 0; i < 50; i++) pair.set(i);
    for (let i = 0; i < 4; i++) pair.set(alike(i));
    expect(pair.index.isSlow).toBe(false);
    pair.check();
    for (let i = 4; i < 600; i++) pair.set(alike(i));
    expect(pair.index.isSlow).toBe(true);
    pair.check();
    for (let i = 0; i < 600; i += 2) pair.delete(alike(i));
    for (let i = 0; i < 50; i += 2) pair.delete(i);
    pair.set('short');
    pair.check();
    pair.index.clear();
    expect(pair.index.size).toBe(0);
    expect(pair.index.isSlow).toBe(false);
  });

  it('keeps the keys of several indices apart', () => {
    const columns = new EntryColumns<unknown, unknown>();
    columns.grow(64);
    const [one, two] = [new KeyIndex(columns, 1), new KeyIndex(columns, 2)];
    for (let i = 0; i < 32; i++) {
      for (const [number, index] of [one, two].entries()) {
        index.find(`key ${i}`);
        index.add(`key ${i}`, 2 * i + number, index.lastHash);
      }
    }
    for (let i = 0; i < 32; i++) expect([one.find(`key ${i}`), two.find(`key ${i}`)]).toEqual([2 * i, 2 * i + 1]);
    one.validate();
    two.validate();
  });

  it('takes handles that do not fit into 24 bits', () => {
    const columns = new EntryColumns<unknown, unknown>();
    const firstHandle = 2 ** 24 - 5;
    columns.rows = new Int32Array(4 * (firstHandle + 64));
    // One that is mostly holes, in the place of 32 million undefined.
    columns.pairs = [];
    columns.pairs[2 * (firstHandle + 64) - 1] = undefined;
    const pair = new Pair(columns, new KeyIndex(columns, 7), firstHandle);
    for (let i = 0; i < 50; i++) pair.set(`key ${i}`);
    pair.check();
    for (let i = 0; i < 50; i += 3) pair.delete(`key ${i}`);
    pair.check();
  });

  it('keeps the order of insertion when its numbers have come to their end', () => {
    const pair = new Pair(new EntryColumns(2 ** 32 - 20));
    for (let i = 0; i < 50; i++) pair.set(`key ${i}`);
    pair.check();
    for (let i = 0; i < 50; i += 7) pair.delete(`key ${i}`);
    for (let i = 50; i < 60; i++) pair.set(`key ${i}`);
    pair.check();
  });
});
