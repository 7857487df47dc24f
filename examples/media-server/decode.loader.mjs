// @ts-check
// Runs in the cache's own pool of threads: from a file on disk to raw pixels in shared memory.
import { BroadcastChannel } from 'node:worker_threads';
import { defineLoader } from 'cachalot';
import { decode } from './decode.mjs';

/** Tells who listens (see decode-watch.mjs) when each decode began and ended. */
const announce = new BroadcastChannel('media-server/decode');
announce.unref();

/**
 * @typedef {object} Image
 * @property {number} width
 * @property {number} height
 * @property {1 | 2 | 3 | 4} channels
 * @property {Uint8Array} pixels
 */

export default defineLoader(
  /**
   * @param {string} path
   * @param {import('cachalot').LoaderContext} ctx
   * @returns {Promise<Image>}
   */
  async (path, ctx) => {
    const startedAt = process.hrtime.bigint();
    try {
      const { data, info } = await decode(path);
      // What it took is what a miss would cost again: when room is needed, what was cheap to decode goes first.
      ctx.setOptions({ cost: Number(process.hrtime.bigint() - startedAt) });
      // sharp cannot decode into given memory: its pixels are copied once, here in the pool, into bytes of the cache.
      const pixels = await ctx.allocate(data.byteLength);
      pixels.set(data);
      return { width: info.width, height: info.height, channels: info.channels, pixels };
    } finally {
      announce.postMessage({ path, startedAt, endedAt: process.hrtime.bigint() });
    }
  },
);
