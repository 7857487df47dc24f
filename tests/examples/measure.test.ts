import { setTimeout as sleep } from 'node:timers/promises';
import { MessageChannel } from 'node:worker_threads';
import { afterEach, describe, expect, it } from 'vitest';
import { DecodeWatch } from '../../examples/media-server/decode-watch.mjs';
import { LoopDelay } from '../../examples/media-server/loop-delay.mjs';
import { Peer, threadWire } from '../../examples/media-server/peer.mjs';

describe('the watch on decodes', () => {
  const count = (...spans: Array<[string, number, number]>) => {
    const watch = new DecodeWatch();
    for (const [path, from, to] of spans) watch.add({ path, startedAt: BigInt(from), endedAt: BigInt(to) });
    watch.close();
    return watch.count();
  };

  it('counts decodes and images', () => {
    expect(count(['a', 1, 2], ['b', 1, 4], ['a', 2, 3])).toEqual({ decodes: 3, images: 2, overlapping: 0 });
  });

  it('finds two decodes of one image at the same time', () => {
    expect(count(['a', 1, 5], ['a', 3, 8]).overlapping).toBe(1);
    expect(count(['a', 1, 9], ['a', 3, 4], ['a', 8, 12]).overlapping).toBe(2);
    expect(count(['a', 1, 5], ['b', 3, 8]).overlapping).toBe(0);
  });
});

describe('the delay of an event loop', () => {
  it('shows a blocked loop, and counts it for as long as it lasted', async () => {
    const delay = new LoopDelay();
    await sleep(50);
    delay.reset();
    const end = performance.now() + 300;
    while (performance.now() < end);
    const { timed } = delay.report();
    expect(timed.max).toBeGreaterThanOrEqual(290);
    // Of the moments in these 300 ms half came before the middle: 150 ms late or more.
    expect(timed.p50).toBeGreaterThanOrEqual(140);
    delay.reset();
    expect(delay.report().timed.max).toBeLessThan(timed.max);
  });
});

describe('two peers on a wire', () => {
  const { port1, port2 } = new MessageChannel();
  afterEach(() => port1.removeAllListeners());

  it('answer each other, pass on errors, and end all waiting when one is lost', async () => {
    const server = new Peer(threadWire(port2), {
      double: (value: number) => value * 2,
      fail: () => {
        throw new Error('not today');
      },
      stall: () => new Promise(() => undefined),
    });
    const client = new Peer(threadWire(port1));
    expect(await Promise.all([client.ask('double', 4), client.ask('double', 5)])).toEqual([8, 10]);
    await expect(client.ask('fail')).rejects.toThrow('not today');
    await expect(client.ask('unheard-of')).rejects.toThrow();
    const waiting = client.ask('stall');
    client.lost(new Error('gone'));
    await expect(waiting).rejects.toThrow('gone');
    await expect(client.ask('double', 1)).rejects.toThrow('gone');
    server.lost(new Error('gone'));
    port1.close();
  });
});
