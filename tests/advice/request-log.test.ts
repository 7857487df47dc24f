import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { kindOf, numberOf, RECORD, sizeOf } from '../../src/advice/record.js';
import { RequestLog, SHARED_LOG_BYTES, viewLog } from '../../src/advice/request-log.js';
import { hashNumber } from '../../src/common/hash.js';

const NAMES = Object.fromEntries(Object.entries(RECORD).map(([name, kind]) => [kind, name]));

/** The records as text: the kind, and what it is about. */
function textOf(log: RequestLog): string[] {
  const { words } = log.view();
  const text: string[] = [];
  for (let at = 0; at < words.length; at += 2) {
    const kind = kindOf(words[at + 1]!);
    const isNumber = kind >= RECORD.cost;
    const size = kind === RECORD.request || kind === RECORD.write ? ` ${sizeOf(words[at + 1]!)}` : '';
    text.push(`${NAMES[kind]} ${isNumber ? numberOf(words[at]!) : words[at]}${size}`);
  }
  return text;
}

describe('RequestLog', () => {
  it('keeps what it is told, a miss and the write that follows as one request', () => {
    const log = new RequestLog({ gets: () => 0 });
    log.miss(1);
    log.write(1, 100, 1);
    log.request(1, 100, 1);
    log.miss(2);
    log.miss(3, 7);
    log.write(2, 5, 2.5, 1000);
    log.remove(1);
    log.clear();
    expect(textOf(log)).toEqual([
      'request 1 100',
      'request 1 100',
      'miss 2',
      'time 7',
      'miss 3',
      'write 2 5',
      'cost 2.5',
      'deadline 1000',
      'remove 1',
      'clear 0',
    ]);
    expect(log.view().rate).toBe(1);
  });

  it.each([
    ['lru', 4096],
    ['lfu', 4096],
    ['fifo', 4096],
    ['gdsf', 16_384],
    ['auto', 16_384],
    [undefined, 16_384],
  ])('follows no more entries than %s needs, from the start', (policy, most) => {
    const log = new RequestLog({ gets: () => 0, policy });
    log.fit(most);
    log.miss(1);
    expect(log.view().rate).toBe(1);
    log.fit(50_000);
    expect(50_000 * log.view().rate).toBeLessThanOrEqual(most);
    expect(50_000 * log.view().rate).toBeGreaterThan(most / 2);
  });

  it('tells no cost that is the usual one', () => {
    const log = new RequestLog({ gets: () => 0, usualCost: (size) => size });
    log.write(1, 100, 100);
    log.write(1, 100, 1);
    expect(textOf(log)).toEqual(['write 1 100', 'write 1 100', 'cost 1']);
  });

  it('keeps sizes to six digits, in any order of magnitude', () => {
    fc.assert(
      fc.property(fc.oneof(fc.nat(1 << 20), fc.double({ min: 1, max: 1e15, noNaN: true })), (size) => {
        const log = new RequestLog({ gets: () => 0 });
        log.request(9, size, 1);
        const kept = sizeOf(log.view().words[1]!);
        expect(Math.abs(kept - size)).toBeLessThanOrEqual(size * 2e-6);
        if (size < 2 ** 20 && Number.isInteger(size)) expect(kept).toBe(size);
      }),
      { seed: 1 },
    );
  });

  it('follows fewer keys when it is full, and strikes out what it noted of the others', () => {
    const capacity = 1 << 14;
    const log = new RequestLog({ gets: () => 0, capacity });
    const asked = new Map<number, number>();
    for (let i = 0; i < 80_000; i++) {
      const hash = hashNumber((i * 7919) % 20_011, 1);
      asked.set(hash, (asked.get(hash) ?? 0) + 1);
      if (hash < log.threshold) log.request(hash, 1 + (hash % 100), 1 + (hash % 2));
    }
    const { words, rate } = log.view();
    expect(words.length / 2).toBeLessThanOrEqual(capacity);
    expect(words.length / 2).toBeGreaterThan(capacity / 4);
    expect(rate).toBeCloseTo(log.threshold / 2 ** 32, 9);
    const kept = new Map<number, number>();
    for (let at = 0; at < words.length; at += 2) {
      if (kindOf(words[at + 1]!) !== RECORD.request) continue;
      const hash = words[at]!;
      kept.set(hash, (kept.get(hash) ?? 0) + 1);
      const isAboutThis = at + 3 < words.length && kindOf(words[at + 3]!) === RECORD.cost;
      expect(isAboutThis).toBe(hash % 2 === 1);
    }
    // All requests of a key or none.
    for (const [hash, count] of asked) expect(kept.get(hash)).toBe(hash < log.threshold ? count : undefined);
  });

  it('does not fill with times of misses that were struck out', () => {
    const log = new RequestLog({ gets: () => 0, capacity: 1 << 12 });
    for (let i = 0; i < 100_000; i++) {
      const hash = hashNumber(i, 1);
      if (hash < log.threshold) log.miss(hash, i);
    }
    const text = textOf(log);
    const misses = text.filter((record) => record.startsWith('miss'));
    expect(misses.length).toBeGreaterThan(text.length / 2 - 2);
  });

  it('rests when few keys fill it, and begins again when it is woken', () => {
    let gets = 0;
    const log = new RequestLog({ gets: () => gets, capacity: 1 << 12 });
    while (log.threshold > 0 && gets < 10_000) log.request(hashNumber(++gets % 500, 1), 1, 1);
    expect(gets).toBe((1 << 12) - 1);
    expect(log.wakeAt).toBe(2 * gets);
    const { words } = log.view();
    expect(words.length / 2).toBe((1 << 12) - 2);
    log.request(1, 1, 1);
    log.remove(1);
    log.clear();
    expect(log.view().words).toEqual(words);
    log.rebase();
    expect(log.wakeAt).toBe(gets);
    log.restart();
    // What is older has made room.
    const younger = words.slice(2 * Math.floor(words.length / 4));
    expect(log.view().words).toEqual(younger);
    log.request(1, 1, 1);
    expect(log.view().words.subarray(0, -2)).toEqual(younger);
    expect(textOf(log).at(-1)).toBe('request 1 1');
  });

  it('keeps what is about a record with it when the older half goes', () => {
    const log = new RequestLog({ gets: () => 1, capacity: 1 << 10 });
    for (let i = 0; log.threshold > 0; i++) log.request(hashNumber(i % 100, 1), 1, 2, 3 + i);
    expect(log.view().words.length / 2).toBeGreaterThan(1000);
    log.restart();
    const text = textOf(log);
    expect(text.length).toBeGreaterThan(500);
    expect(text.map((record) => record.split(' ')[0])).toEqual(
      text.map((_, i) => ['request', 'cost', 'deadline'][i % 3]),
    );
  });

  it('follows few of many entries once it has been full, and as many as it can before', () => {
    const log = new RequestLog({ gets: () => 0, capacity: 1 << 14 });
    const ask = (times: number) => {
      for (let i = 0; i < times; i++) {
        const hash = hashNumber((i * 7919) % 20_011, 1);
        if (hash < log.threshold) log.request(hash, 1, 1);
        log.fit(15_000);
      }
    };
    ask(16_000);
    expect(log.view().rate).toBe(1);
    ask(20_000);
    expect(log.view().rate).toBeCloseTo(1 / 4, 3);
    log.fit(100_000);
    expect(log.view().rate).toBeCloseTo(1 / 32, 3);
  });

  it('rests when it would follow too few of the entries, though many keys come', () => {
    const log = new RequestLog({ gets: () => 7, capacity: 1 << 14 });
    log.fit(1000);
    for (let i = 0; i < 100_000; i++) {
      const hash = hashNumber(i, 1);
      if (hash < log.threshold) log.request(hash, 1, 1);
    }
    expect(log.threshold).toBe(0);
    expect(log.wakeAt).toBe(14);
    expect(log.view().rate).toBeCloseTo(1 / 2, 3);
  });

  it('can be read in shared memory', () => {
    const buffer = new SharedArrayBuffer(SHARED_LOG_BYTES);
    expect(viewLog(new Uint32Array(buffer)).words.length).toBe(0);
    const log = new RequestLog({ gets: () => 0, buffer });
    log.request(1, 100, 1);
    expect(viewLog(new Uint32Array(buffer))).toEqual(log.view());
    expect(log.view().words.length).toBe(2);
    // While it is changed nothing is to be seen of it.
    Atomics.add(new Uint32Array(buffer), 0, 1);
    expect(viewLog(new Uint32Array(buffer)).words.length).toBe(0);
  });
});
