import { describe, expect, it } from 'vitest';
import { Memory, Player, real } from './memory.js';

interface Views {
  words: Int32Array;
  doubles: Float64Array;
  bytes: Uint8Array;
  view: DataView;
}

/** Runs a program so many steps at a time, and gives what others see after each: the word 0, the double 1, the byte 16. */
function seenByOthers(program: (views: Views, player: Player) => void, steps: readonly number[], isOut = false) {
  const buffer = new SharedArrayBuffer(32);
  const memory = new Memory();
  const restore = memory.install();
  try {
    const views = memory.forPlayers(() => ({
      words: new Int32Array(buffer),
      doubles: new Float64Array(buffer),
      bytes: new Uint8Array(buffer),
      view: new DataView(buffer),
    }));
    const player = new Player('one', memory, (self) => program(views, self));
    return steps.map((count) => {
      player.run(count);
      if (isOut) player.letOut(1);
      return [new real.Int32Array(buffer)[0], new real.Float64Array(buffer)[1], new real.Uint8Array(buffer)[16]];
    });
  } finally {
    restore();
  }
}

function storesThree({ words, doubles, bytes }: Views): void {
  words[0] = 1;
  doubles[1] = 2;
  bytes[16] = 3;
}

describe('what a thread has stored without order', () => {
  it('is seen by itself, and by nobody else', () => {
    const own: unknown[] = [];
    const seen = seenByOthers(
      (views) => {
        storesThree(views);
        own.push(views.words[0], views.doubles[1], views.bytes[16]);
      },
      [100],
    );
    expect(own).toEqual([1, 2, 3]);
    expect(seen).toEqual([[0, 0, 0]]);
  });

  it('is seen in the order in which it was stored, whatever it is', () => {
    const seen = seenByOthers(storesThree, [100, 0, 0], true);
    expect(seen).toEqual([
      [1, 0, 0],
      [1, 2, 0],
      [1, 2, 3],
    ]);
  });

  it.each<[string, (views: Views, player: Player) => void]>([
    ['an ordered store', ({ words }) => Atomics.store(words, 6, 1)],
    ['a message', (_, player) => player.post(() => undefined)],
    ['a store of several bytes', ({ view }) => view.setUint32(24, 1, true)],
    ['a copy', ({ bytes }) => bytes.set([1, 2], 24)],
  ])('is not got ahead of by %s', (_, act) => {
    const seen = seenByOthers(
      (views, player) => {
        storesThree(views);
        act(views, player);
      },
      [3, 1],
    );
    expect(seen.at(-1)).toEqual([1, 2, 3]);
  });

  it('is not got ahead of by a message before the message is there', () => {
    const seen: unknown[] = [];
    seenByOthers(
      ({ words }, player) => {
        words[0] = 1;
        player.post(() => seen.push(words[0]));
      },
      [100],
    );
    expect(seen).toEqual([1]);
  });

  it('waits no longer than everything else where nothing is held back', () => {
    const memory = new Memory();
    memory.holdsBack = false;
    const buffer = new SharedArrayBuffer(8);
    const player = new Player('one', memory, (self) => self.store(new real.Int32Array(buffer), 0, 1, false));
    player.run(1);
    expect(new real.Int32Array(buffer)[0]).toBe(1);
  });
});
