import { expect, it } from 'vitest';
import { compiledBarrier } from '../../src/arena/barrier.js';

it('is compiled where there is WebAssembly', () => {
  const barrier = compiledBarrier();
  expect(barrier).toBeTypeOf('function');
  expect(barrier?.()).toBeUndefined();
});

it('is none where there is not', () => {
  const given = Object.getOwnPropertyDescriptor(globalThis, 'WebAssembly')!;
  Reflect.deleteProperty(globalThis, 'WebAssembly');
  try {
    expect(compiledBarrier()).toBeUndefined();
  } finally {
    Object.defineProperty(globalThis, 'WebAssembly', given);
  }
});
