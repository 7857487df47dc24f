import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Arena } from '../../src/arena/arena.js';
import { Attention } from '../../src/arena/attention.js';
import { bellsOf } from '../../src/arena/bell.js';
import { KeeperClient } from '../../src/arena/keeper-client.js';
import type { ToKeeper } from '../../src/arena/protocol.js';
import { type Packed, packRequest } from '../../src/arena/wire.js';

const MIB = 2 ** 20;
const ports: MessagePort[] = [];
/** The clock: each reading of it takes a tenth of a microsecond. */
let time = 0;
/** Whether threads wait for processors. */
let isCrowded = false;

vi.mock(import('../../src/common/clock.js'), async (original) => ({
  ...(await original()),
  monotonicNow: () => (time += 1e-4),
}));
vi.mock(import('../../src/arena/patience.js'), async (original) => {
  const { Patience } = await original();
  return {
    isAmongOthers: () => true,
    Patience: class extends Patience {
      constructor(canWait = () => !isCrowded) {
        super(canWait);
      }
    },
  };
});

function reserve(id: number, bytes: number): Packed {
  return packRequest(id, { op: 'reserve', cache: 0, key: 'a', hash: 1, wide: false, bytes, flight: 0 }) as Packed;
}

/** A keeper's attention, and threads that speak to it: what it has heard, with the time since it began to stay. */
function attend(threads = 1) {
  const arena = new Arena(() => undefined);
  const clients = Array.from({ length: threads }, (_, row) => {
    const { port1, port2 } = new MessageChannel();
    ports.push(port1);
    const client = new KeeperClient(row, row + 1, undefined, port1, arena, true);
    const say = (message: Packed) => {
      port2.postMessage(message);
      bellsOf(arena.control, row).asked.ring();
    };
    return { client, say };
  });
  const attention = new Attention();
  const heard: number[] = [];
  const stay = (row: number, said: ToKeeper | Packed, onHear: (id: number) => void = () => undefined): number => {
    const start = time;
    attention.stay(clients[row]!.client, said, (_, message) => {
      const id = (message as Packed)[1] as number;
      heard.push(id);
      onHear(id);
    });
    return time - start;
  };
  return { clients, heard, stay };
}

afterEach(() => {
  isCrowded = false;
  for (const port of ports.splice(0)) port.close();
});

describe('the attention of the keeper', () => {
  it('is for a moment after a small question, and over the copy after one for as much as a copy takes', () => {
    const { stay, heard } = attend();
    expect(stay(0, reserve(1, 100))).toBeCloseTo(0.05, 2);
    expect(stay(0, reserve(2, MIB))).toBeCloseTo(0.05 + MIB / 3e6, 2);
    expect(stay(0, reserve(3, 8 * MIB))).toBeLessThan(0.01);
    expect(heard).toEqual([]);
  });

  it('is given to what is said meanwhile, and begins anew with it', () => {
    const { stay, heard, clients } = attend();
    clients[0]!.say(reserve(2, 100));
    const whole = stay(0, reserve(1, MIB), (id) => {
      if (id === 2) clients[0]!.say(reserve(3, MIB));
    });
    expect(heard).toEqual([2, 3]);
    expect(whole).toBeCloseTo(0.05 + MIB / 3e6, 2);
  });

  it('is given to others that have spoken lately, and ends after a millisecond, however much is said', () => {
    const { stay, heard, clients } = attend(3);
    for (const row of [2, 1, 0]) stay(row, reserve(0, 100));
    let last = 0;
    const next = () => clients[last % 3]!.say(reserve(++last, 100));
    next();
    expect(stay(0, reserve(0, 100), next)).toBeCloseTo(1, 1);
    expect(heard).toEqual(Array.from(heard, (_, i) => i + 1));
    expect(heard.length).toBeGreaterThan(100);
  });

  it('is for small questions where threads wait for processors, too, and not for the sake of a copy', () => {
    const { stay } = attend();
    isCrowded = true;
    expect(stay(0, reserve(1, 100))).toBeCloseTo(0.05, 2);
    expect(stay(0, reserve(2, MIB))).toBeLessThan(0.01);
  });

  it('is not kept up over copies that take longer every time, and is for small questions all the same', () => {
    const { stay, clients } = attend();
    let waited = 0;
    for (let i = 0; i < 100; i++) {
      waited += stay(0, reserve(i, MIB)) > 0.1 ? 1 : 0;
      clients[0]!.say(reserve(i, 100));
      expect(stay(0, reserve(i, 100))).toBeGreaterThan(0.04);
    }
    expect(waited).toBeLessThan(25);
  });
});
