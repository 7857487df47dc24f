// @ts-check
// Runs in the cache's own pool of threads: from a file on disk to raw pixels in shared memory.
import { BroadcastChannel } from 'node:worker_threads';
import { defineLoader } from 'cachalot';
import sharp from 'sharp';

sharp.cache(false); // ours is the cache
sharp.concurrency(1); // one thread per image: many images at once keep the cores busy

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
      const { data, info } = await sharp(path).autoOrient().raw().toBuffer({ resolveWithObject: true });
      // sharp decodes into memory of its own, so its pixels are copied here, once, into bytes of the cache.
      const pixels = await ctx.allocate(data.byteLength);
      pixels.set(data);
      return { width: info.width, height: info.height, channels: info.channels, pixels };
    } finally {
      announce.postMessage({ path, startedAt, endedAt: process.hrtime.bigint() });
    }
  },
);
