import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Request } from '../../src/arena/protocol.js';
import {
  bytesAsked,
  isPacked,
  joined,
  type Packed,
  packAnswer,
  packRequest,
  unpackAnswers,
  unpackRequests,
} from '../../src/arena/wire.js';

const count = fc.nat(2 ** 31 - 1);
const large = fc.nat({ max: Number.MAX_SAFE_INTEGER });
const duration = fc.oneof(fc.double({ min: 0, max: 1e15, noNaN: true }), fc.constant(Number.POSITIVE_INFINITY));
const hash = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });

const terms = fc.record(
  {
    ttlMs: duration,
    idleMs: duration,
    graceMs: duration,
    cost: duration,
    jitter: duration,
    tags: fc.array(fc.string(), { minLength: 1, maxLength: 3 }),
    size: count,
    appraise: fc.record({ cost: fc.boolean(), ttl: fc.constantFrom('creator' as const, 'asker' as const, undefined) }),
  },
  { requiredKeys: ['ttlMs', 'idleMs', 'graceMs', 'cost', 'jitter'] },
);

/** What is to be written, and how large it is. */
const wanted = {
  cache: fc.nat(255),
  key: fc.string({ unit: 'binary' }),
  hash,
  wide: fc.boolean(),
  bytes: large,
};

/** What the record is made of. */
const written = {
  trailer: large,
  skeletonLength: count,
  parts: fc.nat(65_535),
  tagsLength: count,
  terms,
};

const reserve = fc.record({ op: fc.constant('reserve' as const), ...wanted, flight: large });

const commit = fc.record(
  {
    op: fc.constant('commit' as const),
    reservation: large,
    block: fc.nat(9),
    units: count,
    externals: fc.array(fc.nat(9), { maxLength: 2 }),
    ...written,
    loadMs: duration,
    turn: fc.integer({ min: 1 }),
  },
  {
    requiredKeys: [
      'op',
      'reservation',
      'block',
      'units',
      'externals',
      'trailer',
      'skeletonLength',
      'parts',
      'tagsLength',
      'terms',
      'loadMs',
    ],
  },
);

const store = fc.record({
  op: fc.constant('store' as const),
  ...wanted,
  start: count,
  byteLength: count,
  ...written,
  loadMs: duration,
  flight: large,
  turn: large,
});

const claim = fc.record(
  {
    op: fc.constant('claim' as const),
    cache: fc.nat(255),
    key: fc.string({ unit: 'binary' }),
    hash,
    force: fc.boolean(),
    olderThanMs: duration,
    hardTimeoutMs: duration,
    negativeMs: duration,
    backOffMs: duration,
    inside: large,
    spares: fc.constant(true),
    tags: fc.array(fc.string(), { maxLength: 2 }),
  },
  {
    requiredKeys: ['op', 'cache', 'key', 'hash', 'force', 'hardTimeoutMs', 'negativeMs', 'backOffMs', 'inside', 'tags'],
  },
);

const result = fc.oneof(
  fc.record({ reservation: large, block: fc.nat(9), segment: fc.nat(99), unit: count, units: count }),
  fc.record({ stored: fc.boolean() }),
  fc.record({ stored: fc.boolean(), outdone: fc.boolean() }),
  fc.record({ kind: fc.constant('claim' as const), flight: large }),
  fc.record({ kind: fc.constant('slot' as const), slot: count, number: large }),
  fc.constantFrom<unknown>({ kind: 'skip' }, { refused: 'room' }, true, -1, undefined, null),
  fc.array(fc.oneof(fc.boolean(), count)),
);

describe('messages on a port', () => {
  it('are what they were when they arrive', () => {
    fc.assert(
      fc.property(fc.nat(), fc.oneof(reserve, commit, store, claim), (id, request: Request) => {
        const posted = structuredClone(packRequest(id, request));
        expect(isPacked(posted) ? unpackRequests(posted) : [posted]).toEqual([{ id, ...request }]);
      }),
      { seed: 7, numRuns: 1000 },
    );
    fc.assert(
      fc.property(fc.nat(), result, (id, said) => {
        const answer = { op: 'answer' as const, id, result: said };
        const posted = structuredClone(packAnswer(answer));
        expect(isPacked(posted) ? unpackAnswers(posted) : [posted]).toEqual([answer]);
      }),
      { seed: 7, numRuns: 1000 },
    );
  });

  it('go together, and come apart in the same order', () => {
    const requests = fc.array(fc.tuple(fc.nat(), fc.oneof(reserve, commit, store, claim)), {
      minLength: 1,
      maxLength: 20,
    });
    fc.assert(
      fc.property(requests, (asked) => {
        const packed = asked.map(([id, request]): [object, unknown] => [{ id, ...request }, packRequest(id, request)]);
        const those = packed.filter((one): one is [object, Packed] => isPacked(one[1]));
        if (those.length === 0) return;
        const posted = structuredClone(joined(those.map(([, message]) => message)));
        expect(unpackRequests(posted)).toEqual(those.map(([request]) => request));
      }),
      { seed: 7, numRuns: 300 },
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(), result), { minLength: 1, maxLength: 20 }), (given) => {
        const answers = given.map(([id, said]) => ({ op: 'answer' as const, id, result: said }));
        const those = answers.filter((answer) => isPacked(packAnswer(answer)));
        if (those.length === 0) return;
        const posted = structuredClone(joined(those.map((answer) => packAnswer(answer) as Packed)));
        expect(unpackAnswers(posted)).toEqual(those);
      }),
      { seed: 7, numRuns: 300 },
    );
  });

  it('tell how much room they ask for, together', () => {
    const asked = { op: 'reserve', cache: 1, key: 'k', hash: 1, wide: false, bytes: 100, flight: 0 } as const;
    const claimed = {
      cache: 1,
      key: 'k',
      hash: 1,
      force: false,
      hardTimeoutMs: 1,
      negativeMs: 1,
      backOffMs: 1,
      inside: 1,
    };
    const one = packRequest(1, asked) as Packed;
    const other = packRequest(2, { op: 'claim', ...claimed }) as Packed;
    expect([one, other, joined([one, other, one])].map(bytesAsked)).toEqual([100, 0, 200]);
  });

  it('go as numbers where numbers say it all', () => {
    expect(isPacked(packAnswer({ op: 'answer', id: 1, result: { stored: true } }))).toBe(true);
    expect(isPacked(packAnswer({ op: 'answer', id: 1, result: { stored: false, outdone: true } }))).toBe(false);
    const asked = { op: 'reserve', cache: 1, key: 'k', hash: 1, wide: false, bytes: 1, flight: 0 } as const;
    expect(isPacked(packRequest(1, asked))).toBe(true);
    expect(() => unpackRequests([9, 1])).toThrow('expected a packed request; got kind 9');
    expect(() => unpackAnswers([9, 1])).toThrow('expected a packed answer; got kind 9');
  });
});
