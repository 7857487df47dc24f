import { setTimeout as sleep } from 'node:timers/promises';
import { threadId } from 'node:worker_threads';
import { fill } from './pattern.mjs';
import { exhaustMemory } from './ruin.mjs';

const SLICE_WORDS = 64 * 1024;
let count = 0;

/** Decodes nothing, slowly, into bytes of the cache; or fails in the way that its input names. */
export default async function load({ key, ruin, byteLength, delay }, ctx) {
  const nonce = threadId * 2 ** 24 + ++count;
  const bytes = await ctx.allocate(byteLength);
  for (let from = 0; from < byteLength / 4; from += SLICE_WORDS) {
    ctx.signal.throwIfAborted();
    fill(bytes, key, nonce, from, Math.min(byteLength / 4, from + SLICE_WORDS));
    await sleep(delay);
  }
  switch (ruin) {
    case 'fail':
      throw new Error('it was asked to fail');
    case 'exit':
      return process.exit(1);
    case 'throw':
      setImmediate(() => {
        throw new Error('it was asked to throw');
      });
      return new Promise(() => {});
    case 'memory':
      return exhaustMemory();
    case 'hang':
      return new Promise(() => setInterval(() => fill(bytes, key, nonce), 10));
    case 'second': {
      // The parts in two blocks; what a thread cannot have of the cache it gets elsewhere, and the value is not kept.
      const half = await ctx.allocate(byteLength);
      return { key, nonce, parts: [fill(bytes, `${key}#0`, nonce), fill(half, `${key}#1`, nonce)] };
    }
    case 'skip':
      return ctx.skip(bytes);
    case 'copy':
      return { key, nonce, width: byteLength, height: 1, pixels: bytes.slice() };
    default:
      return { key, nonce, width: byteLength, height: 1, pixels: bytes };
  }
}
