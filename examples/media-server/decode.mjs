// @ts-check
import sharp from 'sharp';

sharp.cache(false); // ours is the cache
sharp.concurrency(1); // one thread per image: many images at once keep the cores busy

/**
 * An original, upright. Of a damaged one there is to be seen what can be.
 *
 * @param {string} path
 */
export function open(path) {
  return sharp(path, { failOn: 'none' }).autoOrient();
}

/**
 * The raw pixels of an original, in memory of sharp's own.
 *
 * @param {string} path
 */
export function decode(path) {
  return open(path).raw().toBuffer({ resolveWithObject: true });
}
