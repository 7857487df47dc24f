// @ts-check
// From the path of an original to a thumbnail, in three ways. All have sharp's native threads do the work.
import { SharedCache } from 'cachalot';
import sharp from 'sharp';
import { decode, open } from './decode.mjs';

/** @typedef {import('./decode.loader.mjs').Image} Image */
/** @typedef {import('./image-request.mjs').Rendition} Rendition */

/**
 * @typedef {object} Images
 * @property {(path: string, rendition: Rendition) => Promise<Buffer>} render
 *
 * @typedef {'cached' | 'decoding' | 'direct'} Mode
 */

/** @param {Mode} mode @returns {Promise<Images>} */
export async function openImages(mode) {
  if (mode === 'cached')
    return new CachedImages(/** @type {SharedCache<Image>} */ (await SharedCache.attach('images')));
  return mode === 'decoding' ? new DecodingImages() : new DirectImages();
}

/** The original is decoded once for the whole process; every thread resizes from the same pixels. */
class CachedImages {
  #cache;

  /** @param {SharedCache<Image>} cache */
  constructor(cache) {
    this.#cache = cache;
  }

  /**
   * @param {string} path
   * @param {Rendition} rendition
   */
  async render(path, rendition) {
    const lease = await this.#cache.acquireOrLoad('decode', path);
    if (!lease) throw new Error(`${path}: the loader gave no image`);
    try {
      // sharp reads the shared pixels where they are. Until it has finished the lease is held, so that this memory
      // is given to nobody else.
      return await encode(fromPixels(lease.value), rendition);
    } finally {
      lease.release();
    }
  }
}

/** The same without a cache: every request decodes, then resizes from the pixels. */
class DecodingImages {
  /**
   * @param {string} path
   * @param {Rendition} rendition
   */
  async render(path, rendition) {
    const { data, info } = await decode(path);
    return encode(fromPixels({ ...info, pixels: data }), rendition);
  }
}

/**
 * What one does with sharp when there is no cache: one pipeline from the file to the thumbnail, in which the decoders of
 * JPEG and WebP may take the short cut of decoding at a fraction of the size ("shrink on load").
 */
class DirectImages {
  /**
   * @param {string} path
   * @param {Rendition} rendition
   */
  render(path, rendition) {
    return encode(open(path), rendition);
  }
}

/** @param {Image} image */
function fromPixels({ width, height, channels, pixels }) {
  return sharp(pixels, { raw: { width, height, channels } });
}

/**
 * @param {import('sharp').Sharp} image
 * @param {Rendition} rendition
 */
function encode(image, { width, height, format }) {
  return image.resize({ width, height, fit: 'cover', withoutEnlargement: true }).toFormat(format).toBuffer();
}
