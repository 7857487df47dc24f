import { MessageChannel } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { Attention } from '../../src/arena/attention.js';
import { bellsOf } from '../../src/arena/bell.js';
import { Gathering } from '../../src/arena/gathering.js';
import type { FromKeeper, Notice, ToKeeper } from '../../src/arena/protocol.js';
import { isPacked, type Packed, packRequest, unpackAnswers, unpackRequests } from '../../src/arena/wire.js';
import type { StoreRequest } from '../../src/arena/write-protocol.js';
import { Bench, config, createKeeper, FOREVER, Line, pattern, storeRequest } from './support/line.js';

const NOTICE: Notice = { op: 'unhold', cache: 0, slot: 1 };

function store(id: number): Packed {
  const place = {
    cache: 0,
    key: `k${id}`,
    hash: id,
    wide: false,
    bytes: 64,
    start: 0,
    byteLength: 64,
    flight: 0,
    turn: 0,
  };
  const record = { trailer: 0, skeletonLength: 0, parts: 0, tagsLength: 0, terms: FOREVER, loadMs: 0 };
  return packRequest(id, { op: 'store', ...place, ...record }) as Packed;
}

/** What is posted, by the numbers of the questions in it; `turn` ends the turn. */
function gather(refuses: (message: ToKeeper | Packed) => boolean = () => false) {
  const posted: (number[] | string)[] = [];
  let ends: (() => void)[] = [];
  const gathering = new Gathering(
    (message) => {
      if (refuses(message)) throw new Error('DataCloneError');
      if (isPacked(message)) posted.push(unpackRequests(message).map(({ id }) => id));
      else posted.push(message.op);
    },
    (end) => ends.push(end),
  );
  const turn = () => {
    const all = ends;
    ends = [];
    for (const end of all) end();
  };
  return { gathering, posted, turn };
}

describe('the questions of a turn', () => {
  it('go in two messages: the first at once, the others together', () => {
    const { gathering, posted, turn } = gather();
    for (let round = 0; round < 3; round++) {
      for (let id = 1; id <= 16; id++) gathering.say(store(id));
      expect(posted.splice(0)).toEqual([[1]]);
      turn();
      expect(posted.splice(0)).toEqual([[2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]]);
      turn();
      expect(posted).toEqual([]);
    }
  });

  it('do not wait for more than a bounded number', () => {
    const { gathering, posted, turn } = gather();
    for (let id = 1; id <= 100; id++) gathering.say(store(id));
    turn();
    expect(posted.map((one) => one.length)).toEqual([1, 32, 32, 32, 3]);
    expect(posted.flat()).toEqual(Array.from({ length: 100 }, (_, i) => i + 1));
  });

  it('keep their order with what goes by itself', () => {
    const { gathering, posted, turn } = gather();
    gathering.say(NOTICE);
    for (const id of [1, 2, 3]) gathering.say(store(id));
    gathering.say(NOTICE);
    gathering.say(store(4));
    gathering.say({ id: 5, op: 'clear', cache: 0 });
    for (const id of [6, 7]) gathering.say(store(id));
    turn();
    expect(posted).toEqual(['unhold', [1], [2, 3], 'unhold', [4], 'clear', [6, 7]]);
  });

  it('are asked, but for the one that cannot be cloned', () => {
    const { gathering, posted, turn } = gather((message) => !isPacked(message) && message.op === 'clear');
    for (const id of [1, 2]) gathering.say(store(id));
    expect(() => gathering.say({ id: 3, op: 'clear', cache: 0 })).toThrow('DataCloneError');
    gathering.say(store(4));
    turn();
    expect(posted).toEqual([[1], [2], [4]]);
    // As the first of its turn: what comes next is the first then.
    expect(() => gathering.say({ id: 5, op: 'clear', cache: 0 })).toThrow('DataCloneError');
    gathering.say(store(6));
    expect(posted.at(-1)).toEqual([6]);
  });

  it('are forgotten when there is nobody to be asked', () => {
    const { gathering, posted, turn } = gather();
    for (const id of [1, 2, 3]) gathering.say(store(id));
    gathering.drop();
    turn();
    expect(posted).toEqual([[1]]);
  });
});

describe('the keeper', () => {
  const bench = () => {
    const keeper = createKeeper(() => 0);
    const line = new Line(keeper);
    return { keeper, line, bench: Bench.create(line, config('gathered', 2 ** 20)) };
  };
  const letter = ({ line, bench }: { line: Line; bench: Bench }, key: string, seed: number) =>
    storeRequest(
      line.outbox,
      { cache: bench.cache, hash: bench.hash(key), flight: 0 },
      key,
      pattern(seed, 200),
      FOREVER,
    );

  it('answers what was asked together in one message, in order, and has it all in the ledger by then', () => {
    const of = bench();
    const requests = ['a', 'b', 'a', 'c'].map((key, i) => letter(of, key, i) as StoreRequest);
    const before = of.line.posts;
    const answers = of.line.askTogether(requests);
    expect(of.line.posts - before).toBe(1);
    expect(answers).toEqual(requests.map(() => ({ result: { stored: true } })));
    expect(of.bench.get('a')).toEqual(pattern(2, 200));
    of.keeper.validate();
  });

  it('answers together what waits for it already, up to a bound', async () => {
    const keeper = createKeeper(() => 0);
    // One that listens, but stays awake for nobody.
    keeper.attention = Object.assign(new Attention(), { stay: () => undefined });
    const { port1, port2 } = new MessageChannel();
    keeper.connect(1, port1);
    const answers: number[][] = [];
    const bells = bellsOf(keeper.arena.control, 0);
    const all = new Promise<void>((resolve) => {
      port2.on('message', (message: Packed | FromKeeper) => {
        if (!isPacked(message) && message.op === 'answer') answers.push([message.id]);
        if (isPacked(message)) answers.push(unpackAnswers(message).map(({ id }) => id));
        if (answers.flat().length === 12) resolve();
      });
    });
    port2.postMessage({ id: 1, op: 'create', config: config('waits', 2 ** 20) });
    bells.asked.ring();
    const claim = { cache: 0, hash: 1, force: false, hardTimeoutMs: 1e6, negativeMs: 0, backOffMs: 0, inside: 0 };
    for (let id = 2; id <= 12; id++) {
      port2.postMessage(packRequest(id, { op: 'claim', key: `k${id}`, ...claim }));
      bells.asked.ring();
    }
    await all;
    port1.close();
    expect(answers).toEqual([[1], [2, 3, 4, 5], [6, 7, 8, 9, 10], [11, 12]]);
  });

  it('refuses of what was asked together only what it has to', () => {
    const of = bench();
    const [first, second, third] = ['a', 'b', 'c'].map((key, i) => letter(of, key, i) as StoreRequest);
    const answers = of.line.askTogether([first!, { ...second!, cache: 9 }, { ...third!, bytes: 2 ** 21 }, second!]);
    expect(answers).toEqual([
      { result: { stored: true } },
      { error: expect.objectContaining({ code: 'ERR_CACHE_CLOSED' }) },
      { result: { refused: 'size' } },
      { result: { stored: true } },
    ]);
    expect(of.bench.get('b')).toEqual(pattern(1, 200));
    of.keeper.validate();
  });
});
