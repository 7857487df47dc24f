import { setFlagsFromString } from 'node:v8';
import { expect, it } from 'vitest';
import { hashNumber } from '../../src/common/hash.js';
import { AutoPolicy } from '../../src/policy/auto.js';
import { Clock } from '../../src/policy/clock.js';
import { replaceVictim } from '../../src/policy/policy.js';
import { Ranking } from '../../src/policy/ranking.js';
import { Room } from '../../src/policy/room.js';
import { SampleShare } from '../../src/policy/sample-share.js';
import { STRATEGIES } from '../../src/policy/strategies.js';
import { Verdict } from '../../src/policy/verdict.js';

setFlagsFromString('--allow-natives-syntax');
const haveSameMap = new Function('a', 'b', 'return %HaveSameMap(a, b)') as (a: object, b: object) => boolean;

// What is compiled for the shape of an object is thrown away when the first fraction gives it another one. In a file of its
// own: once such an object has changed its shape, new ones are made with it.
it('no object of auto changes its shape while it works', () => {
  const make = (): object[] => [
    new AutoPolicy(),
    new Ranking(STRATEGIES[0]!),
    new Clock(10),
    new Room(1),
    new SampleShare(),
    new Verdict(6, 3),
  ];
  const untouched = make();
  const policy = new AutoPolicy();
  for (let key = 0; key < 300; key++) policy.insert(key, 100, 1, hashNumber(key, 0));
  for (let key = 300; key < 20_000; key++) {
    policy.touch(key % 300);
    replaceVictim(policy, policy.victim(), 100 + (key % 3) / 2, 1, hashNumber(key % 1000, 0));
  }
  const ranking = new Ranking(STRATEGIES[3]!);
  for (let handle = 0; handle < 300; handle++) ranking.insert(handle, 100.5, 0.01);
  for (let i = 0; i < 300; i++) ranking.replace(ranking.victim(), 99.5, 0.02, i, 0);
  const used = make();
  for (const [i, object] of untouched.entries()) {
    expect(haveSameMap(object, used[i]!), object.constructor.name).toBe(true);
  }
  expect(haveSameMap(policy, untouched[0]!)).toBe(true);
  expect(haveSameMap(ranking, untouched[1]!)).toBe(true);
});
