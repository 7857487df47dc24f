import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  CONTROL_BYTES,
  CONTROL_SLEEPS,
  ROW_LETTERS_PASSED,
  ROW_LETTERS_SENT,
  ROW_LETTERS_WANTED,
  rowStart,
  SLIP_BYTES,
  SLIPS,
  slipStart,
} from '../../src/arena/layout.js';
import { LetterReader } from '../../src/arena/letter-reader.js';
import { LetterSender } from '../../src/arena/letter-sender.js';
import { Outbox } from '../../src/arena/outbox.js';
import { isWide } from '../../src/arena/record.js';
import { Sleep } from '../../src/arena/sleep.js';
import type { StoreRequest } from '../../src/arena/write-protocol.js';
import { FOREVER, pattern, storeRequest } from './support/line.js';

const control = new SharedArrayBuffer(CONTROL_BYTES);
const words = new Int32Array(control);
const ROW = 3;

/** Both ends of a row, from a count of letters on. */
function connect(from = 0, row = ROW) {
  for (const word of [ROW_LETTERS_SENT, ROW_LETTERS_WANTED, ROW_LETTERS_PASSED]) words[rowStart(row) + word] = from;
  const stored: number[] = [];
  const reader = new LetterReader(control, row);
  const sender = new LetterSender(control, row, (id) => stored.push(id));
  return { reader, sender, stored, outbox: new Outbox(control, row) };
}

function request(outbox: Outbox, key = 'key', terms = FOREVER, bytes = pattern(1, 100)): StoreRequest {
  const asked = storeRequest(outbox, { cache: 7, hash: -5, flight: 0 }, key, bytes, terms);
  if (asked?.op !== 'store') throw new Error('there is no room in the box');
  return asked;
}

beforeEach(() => words.fill(0, 0, 32));

describe('letters', () => {
  it('are opened as they were sent, whatever their keys and terms', () => {
    const time = fc.oneof(fc.constant(Number.POSITIVE_INFINITY), fc.double({ min: 0.001, max: 1e12, noNaN: true }));
    const terms = fc.record({ ttlMs: time, idleMs: time, graceMs: time, cost: time, jitter: time });
    const key = fc.string({ unit: 'binary', maxLength: 40 });
    const id = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
    fc.assert(
      fc.property(fc.array(fc.tuple(id, key, terms, fc.nat(300)), { maxLength: SLIPS }), (letters) => {
        const { reader, sender, outbox } = connect(2 ** 31 - 20);
        const sent = letters.map(([id, key, terms, length]) => {
          const one = request(outbox, key, terms, pattern(id % 251, length));
          sender.send(id, one, 0);
          return { id, ...one, wide: isWide(key), tagsLength: 0 };
        });
        for (const one of sent) {
          expect(reader.hasNext).toBe(true);
          expect(reader.open()).toEqual(one);
          reader.close(true);
        }
        expect(reader.hasNext).toBe(false);
      }),
      { seed: 3, numRuns: 100 },
    );
  });

  it('have their outcome when they have passed, and not before', () => {
    for (const from of [0, 2 ** 31 - 2, -2]) {
      const { reader, sender, stored, outbox } = connect(from);
      for (const id of [11, 12, 13]) sender.send(id, request(outbox), 0);
      for (const isStored of [true, false, true]) {
        reader.open();
        reader.close(isStored);
      }
      sender.notice(sender.passed);
      expect(stored).toEqual([]);
      expect(sender.isOpen).toBe(true);
      reader.publish();
      sender.notice(sender.passed);
      expect(stored).toEqual([11, 13]);
      expect(sender.isOpen).toBe(false);
    }
  });

  it('wait for the messages that were posted before them', () => {
    const { reader, sender, outbox } = connect();
    sender.send(1, request(outbox), 0);
    sender.send(2, request(outbox), 2);
    reader.open();
    reader.close(true);
    expect(reader.hasNext).toBe(false);
    reader.noteMessage();
    expect(reader.hasNext).toBe(false);
    reader.noteMessage();
    expect(reader.hasNext).toBe(true);
    expect(reader.open().id).toBe(2);
  });

  it('are as many as there are slips that were taken notice of', () => {
    const { reader, sender, outbox } = connect();
    for (let id = 0; id < SLIPS; id++) {
      expect(sender.hasRoom).toBe(true);
      sender.send(id, request(outbox), 0);
    }
    expect(sender.hasRoom).toBe(false);
    reader.open();
    reader.close(true);
    reader.publish();
    expect(sender.hasRoom).toBe(false);
    sender.notice(sender.passed);
    expect(sender.hasRoom).toBe(true);
  });

  it('are told of once, when all have passed that were wanted', () => {
    const { reader, sender, outbox } = connect();
    const pass = () => {
      reader.open();
      reader.close(true);
      return reader.publish();
    };
    expect(sender.want()).toBeUndefined();
    for (let id = 0; id < 4; id++) sender.send(id, request(outbox), 0);
    expect(pass()).toBeUndefined();
    expect(sender.want()).toBeUndefined();
    expect([pass(), pass(), pass()]).toEqual([undefined, undefined, 4]);
    expect(reader.publish()).toBeUndefined();
    sender.notice(4);
    sender.send(5, request(outbox), 0);
    expect(pass()).toBeUndefined();
    expect(sender.want()).toBe(5);
  });

  it('of a thread that has ended, or of a keeper that has, are nothing to who comes next', () => {
    const { sender, stored, outbox } = connect();
    sender.send(1, request(outbox), 0);
    sender.restart();
    const next = new LetterReader(control, ROW);
    expect(next.hasNext).toBe(false);
    const after = new LetterSender(control, ROW, (id) => stored.push(id));
    after.send(2, request(outbox), 0);
    expect(next.open().id).toBe(2);
    next.close(true);
    next.publish();
    after.notice(after.passed);
    expect(stored).toEqual([2]);
  });

  it('nudge once for each time that the keeper lies down', () => {
    const { sender } = connect();
    const sleep = new Sleep(control);
    expect([sender.mustNudge, sender.mustNudge]).toEqual([true, false]);
    sleep.end();
    sleep.end();
    expect(sender.mustNudge).toBe(false);
    sleep.begin();
    sleep.begin();
    expect([sender.mustNudge, sender.mustNudge]).toEqual([true, false]);
    const before = words[CONTROL_SLEEPS];
    expect(new Sleep(control) && words[CONTROL_SLEEPS]).not.toBe(before);
    expect(sender.mustNudge).toBe(true);
  });

  it('have slips within the control buffer, each row its own', () => {
    expect(slipStart(ROW, SLIPS)).toBe(slipStart(ROW, 0));
    expect(slipStart(ROW, SLIPS - 1) + SLIP_BYTES).toBe(slipStart(ROW + 1, 0));
    expect(slipStart(255, SLIPS - 1) + SLIP_BYTES).toBe(CONTROL_BYTES);
    expect(slipStart(ROW, -1)).toBe(slipStart(ROW, SLIPS - 1));
  });
});
