// @ts-check
import sharp from 'sharp';

sharp.cache(false); // ours is the cache
sharp.concurrency(1); // one thread per image: many images at once keep the cores busy

/**
 * Raw pixels of an original, upright and in sRGB, in memory of sharp's own.
 *
 * @param {string} path
 */
export function decode(path) {
  return sharp(path).autoOrient().raw().toBuffer({ resolveWithObject: true });
}
