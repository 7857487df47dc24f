import { AsyncLocalStorage } from 'node:async_hooks';
import { setImmediate as turn } from 'node:timers/promises';
import { MessageChannel } from 'node:worker_threads';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Inbox } from '../../src/arena/inbox.js';
import { Patience } from '../../src/arena/patience.js';
import type { FromKeeper, Request } from '../../src/arena/protocol.js';
import { isPacked, type Packed } from '../../src/arena/wire.js';

const COMMITTED = 2;
const REQUEST: Request = { op: 'abort', reservation: 1 };
const channels: MessageChannel[] = [];

/** An inbox, the other end of its port, and what it has told. */
function connect(onTell: (message: FromKeeper | Packed) => void = () => undefined) {
  const channel = new MessageChannel();
  channels.push(channel);
  const { port1: port, port2: far } = channel;
  const told: unknown[] = [];
  const answered = new Set<number>();
  const inbox = new Inbox(
    (message) => {
      if (isPacked(message)) answered.add(message[1] as number);
      told.push(isPacked(message) ? message[1] : message.op);
      onTell(message);
    },
    (id) => !answered.has(id),
    () => port,
    () => undefined,
    new Patience(() => true),
    1000,
  );
  port.on('message', (message: FromKeeper | Packed) => inbox.hear(message));
  const answer = (id: number) => far.postMessage([COMMITTED, id, 1]);
  return { inbox, far, told, answered, answer };
}

async function microtasks(): Promise<void> {
  for (let i = 0; i < 5; i++) await Promise.resolve();
}

afterEach(() => {
  for (const { port1 } of channels.splice(0)) port1.close();
});

describe('an answer', () => {
  it('is taken off the port without the event loop when its question is the only one of a turn', async () => {
    const { inbox, told, answer } = connect();
    answer(1);
    inbox.expect(1, REQUEST);
    await microtasks();
    expect(told).toEqual([1]);
  });

  it('is left to the event loop when several questions are asked at once, or when it may take long', async () => {
    const { inbox, told, answer } = connect();
    answer(1);
    inbox.expect(1, REQUEST);
    inbox.expect(2, REQUEST);
    await microtasks();
    inbox.expect(3, { op: 'turn', cache: 0, key: '', timeoutMs: 1 });
    await microtasks();
    expect(told).toEqual([]);
    await vi.waitFor(() => expect(told).toEqual([1]));
  });

  it('comes after all that was sent before it', async () => {
    const { inbox, far, told, answer } = connect();
    far.postMessage({ op: 'forget', cache: 1 });
    far.postMessage({ op: 'segment', segment: 0, buffer: new SharedArrayBuffer(8) });
    inbox.expect(7, REQUEST);
    inbox.drain();
    expect(told).toEqual(['segment']);
    answer(7);
    await microtasks();
    expect(told).toEqual(['segment', 'forget', 7]);
  });

  it('comes in its turn when a listener reads, which takes in what has come, while the answer is waited for', async () => {
    let isFirst = true;
    const { inbox, far, told, answer } = connect((message) => {
      if (isPacked(message) || message.op !== 'forget' || !isFirst) return;
      isFirst = false;
      answer(1);
      far.postMessage({ op: 'cancel', flight: 1 });
      inbox.drain();
      far.postMessage({ op: 'forget', cache: 2 });
      answer(2);
    });
    far.postMessage({ op: 'forget', cache: 1 });
    inbox.expect(1, REQUEST);
    await microtasks();
    await vi.waitFor(() => expect(told).toEqual(['forget', 1, 'cancel', 'forget', 2]));
  });
});

describe('waiting awake', () => {
  it('lets the event loop have its turn, however fast the answers come', async () => {
    const { inbox, answered, answer } = connect();
    let hadTurn = false;
    setImmediate(() => {
      hadTurn = true;
    });
    for (let id = 1; id < 100_000 && !hadTurn; id++) {
      answer(id);
      inbox.expect(id, REQUEST);
      await microtasks();
      if (!answered.has(id)) await turn();
    }
    expect(hadTurn).toBe(true);
    expect(answered.size).toBeLessThan(50_000);
  });

  it('calls listeners outside the context of who waits', async () => {
    const asker = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    const { inbox, far, answer } = connect(() => seen.push(asker.getStore()));
    far.postMessage({ op: 'forget', cache: 1 });
    answer(1);
    await asker.run('asker', async () => {
      inbox.expect(1, REQUEST);
      await microtasks();
    });
    expect(seen[0]).toBeUndefined();
    expect(seen).toHaveLength(2);
  });
});

describe('patience', () => {
  it('ends when waiting was in vain, and comes back when it pays off again', () => {
    const patience = new Patience(() => true);
    let waits = 0;
    for (let i = 0; i < 100; i++) {
      if (!patience.isWorthwhile) continue;
      waits++;
      patience.note(false);
    }
    expect(waits).toBeGreaterThan(4);
    expect(waits).toBeLessThan(20);
    while (!patience.isWorthwhile);
    patience.note(true);
    expect(patience.isWorthwhile).toBe(true);
  });

  it('is none where processors are scarce', () => {
    expect(new Patience(() => false).isWorthwhile).toBe(false);
  });
});
