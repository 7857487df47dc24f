import { setTimeout as pause } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { WeakValues } from '../../src/struct/weak-values.js';

it('WeakValues holds what others hold, and forgets the names of the rest', async () => {
  const values = new WeakValues<{ n: number }>();
  const kept = { n: 1 };
  values.add('kept', kept);
  (() => {
    for (let n = 0; n < 100; n++) values.add(`lost ${n}`, { n });
  })();
  expect([...values.values()]).toHaveLength(101);
  for (let i = 0; i < 100 && values.size > 1; i++) {
    await pause(5);
    globalThis.gc?.();
  }
  expect(values.size).toBe(1);
  expect([...values.values()]).toEqual([kept]);
  expect([values.get('kept'), values.get('lost 1')]).toEqual([kept, undefined]);
  values.add('lost 1', kept);
  expect(values.get('lost 1')).toBe(kept);
});
