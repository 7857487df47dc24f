import { MessageChannel, receiveMessageOnPort as receive } from 'node:worker_threads';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { bellsOf } from '../../src/arena/bell.js';
import { CONTROL_BYTES, ROW_ASKED, rowStart } from '../../src/arena/layout.js';

const channels: MessageChannel[] = [];
const control = new SharedArrayBuffer(CONTROL_BYTES);

/** A port, the far end of it, and both ends of its bell. */
function connect() {
  const channel = new MessageChannel();
  channels.push(channel);
  channel.port1.unref();
  return {
    near: channel.port1,
    far: channel.port2,
    rings: bellsOf(control, 3).asked,
    hears: bellsOf(control, 3).asked,
  };
}

afterEach(() => {
  for (const { port1 } of channels.splice(0)) port1.close();
});

describe('a bell', () => {
  it('is not taken for the one of the other direction, or of another row', () => {
    const { near, far, hears } = connect();
    expect(hears.hear(near)).toBeUndefined();
    far.postMessage(1);
    bellsOf(control, 3).answered.ring();
    bellsOf(control, 2).asked.ring();
    bellsOf(control, 4).asked.ring();
    expect(hears.hear(near)).toBeUndefined();
    bellsOf(control, 3).asked.ring();
    expect(hears.hear(near)?.message).toBe(1);
  });

  it('is heard by whoever comes after it was rung', () => {
    const { near, far, rings } = connect();
    far.postMessage(1);
    rings.ring();
    expect(bellsOf(control, 3).asked.hear(near)?.message).toBe(1);
  });

  it('goes round past 2^31', () => {
    const { near, far, rings, hears } = connect();
    const words = new Int32Array(control);
    const own = rowStart(3) + ROW_ASKED;
    words[own] = 2 ** 31 - 1;
    hears.hear(near);
    far.postMessage(1);
    rings.ring();
    expect(words[own]).toBe(-(2 ** 31));
    expect(hears.hear(near)?.message).toBe(1);
  });

  // What is posted and rung for is found by looking, in order, whatever came without a ring or was taken past the bell.
  it('leaves nothing unheard that it was rung for', () => {
    const step = fc.constantFrom('ring', 'ring', 'plain', 'look', 'look', 'past');
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const { near, far, rings, hears } = connect();
        while (hears.hear(near) !== undefined) expect.fail('an empty port has no message');
        let posted = 0;
        let rung = 0;
        let taken = 0;
        const take = (next: { message: unknown } | undefined) => {
          if (next !== undefined) expect(next.message).toBe(++taken);
          return next !== undefined;
        };
        for (const what of steps) {
          if (what === 'look') {
            const hadRung = rung > taken;
            expect(take(hears.hear(near)) || !hadRung).toBe(true);
          } else if (what === 'past') take(receive(near));
          else {
            far.postMessage(++posted);
            if (what === 'ring') rings.ring();
            if (what === 'ring') rung = posted;
          }
        }
        while (take(hears.hear(near)));
        expect(taken).toBeGreaterThanOrEqual(rung);
        near.close();
      }),
      { seed: 7, numRuns: 200 },
    );
  });
});
