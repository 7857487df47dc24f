// @ts-check
import { SharedCache } from 'cachalot';
import sharp from 'sharp';

sharp.cache(false);
sharp.concurrency(1);

/** @typedef {import('./decode.loader.mjs').Image} Image */
/** @typedef {import('./image-request.mjs').Rendition} Rendition */

/**
 * With the cache: the original is decoded once for the whole process, and every thread resizes from the same pixels.
 */
export class CachedImages {
  /** @param {SharedCache<Image>} cache */
  constructor(cache) {
    this.cache = cache;
  }

  static async attach() {
    return new CachedImages(await SharedCache.attach('images'));
  }

  /**
   * @param {string} path
   * @param {Rendition} rendition
   */
  async render(path, rendition) {
    const lease = await this.cache.acquireOrLoad('decode', path);
    try {
      const { width, height, channels, pixels } = lease.value;
      // sharp reads the shared pixels where they are, on threads of its own. Until it is done with them the lease
      // is held, so that nobody else gets this memory.
      return await encode(sharp(pixels, { raw: { width, height, channels } }), rendition);
    } finally {
      lease.release();
    }
  }
}

/**
 * Without the cache, done as well as sharp can: one pipeline per request, in which the JPEG and WebP decoders may take
 * the short cut of decoding at a fraction of the size ("shrink on load").
 */
export class UncachedImages {
  cache = undefined;

  /**
   * @param {string} path
   * @param {Rendition} rendition
   */
  render(path, rendition) {
    return encode(sharp(path).autoOrient(), rendition);
  }
}

/**
 * @param {import('sharp').Sharp} image
 * @param {Rendition} rendition
 */
function encode(image, { width, height, format }) {
  return image.resize({ width, height, fit: 'cover', withoutEnlargement: true }).toFormat(format).toBuffer();
}
