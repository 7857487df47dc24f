// @ts-check

/** What a client did wrong, with the status that says so. */
export class RequestError extends Error {
  /**
   * @param {number} status
   * @param {string} message
   */
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

const FORMATS = /** @type {const} */ (['jpeg', 'webp', 'png', 'avif']);
const LARGEST = 4096;
const DEFAULT_WIDTH = 480;

/** @typedef {typeof FORMATS[number]} Format */

/**
 * @typedef {object} Rendition what to make of an image
 * @property {number | undefined} width
 * @property {number | undefined} height
 * @property {Format} format
 */

/**
 * Reads `?w=&h=&format=`.
 *
 * @param {URLSearchParams} query
 * @returns {Rendition}
 */
export function parseRendition(query) {
  const width = side(query, 'w');
  const height = side(query, 'h');
  const format = query.get('format') ?? 'jpeg';
  if (!isFormat(format)) throw new RequestError(400, `format: expected one of ${FORMATS.join(', ')}; got "${format}"`);
  return { width: width ?? (height === undefined ? DEFAULT_WIDTH : undefined), height, format };
}

/**
 * @param {string} format
 * @returns {format is Format}
 */
function isFormat(format) {
  return FORMATS.some((known) => known === format);
}

/**
 * @param {URLSearchParams} query
 * @param {'w' | 'h'} name
 */
function side(query, name) {
  const value = query.get(name);
  if (value === null) return undefined;
  const pixels = /^\d{1,5}$/.test(value) ? Number(value) : 0;
  if (pixels >= 1 && pixels <= LARGEST) return pixels;
  throw new RequestError(400, `${name}: expected a whole number of pixels from 1 to ${LARGEST}; got "${value}"`);
}
