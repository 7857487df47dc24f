// @ts-check
import { BroadcastChannel } from 'node:worker_threads';

/**
 * @typedef {object} Decode
 * @property {string} path
 * @property {bigint} startedAt nanoseconds on the clock that all threads of the process share
 * @property {bigint} endedAt
 *
 * @typedef {object} DecodeCount
 * @property {number} decodes how many there were
 * @property {number} images of how many different images
 * @property {number} overlapping how many began while the same image was still being decoded
 */

/**
 * Counts what the loaders really did, without asking the cache: its own figures are checked against these.
 */
export class DecodeWatch {
  #channel = new BroadcastChannel('media-server/decode');
  /** @type {Map<string, bigint>} image → when its latest decode ended */
  #endOf = new Map();
  #decodes = 0;
  #overlapping = 0;

  constructor() {
    this.#channel.unref();
    this.#channel.onmessage = (event) => this.add(/** @type {{ data: Decode }} */ (event).data);
  }

  /** @param {Decode} decode */
  add({ path, startedAt, endedAt }) {
    this.#decodes++;
    const previousEnd = this.#endOf.get(path) ?? 0n;
    if (startedAt < previousEnd) this.#overlapping++;
    this.#endOf.set(path, endedAt > previousEnd ? endedAt : previousEnd);
  }

  /** @returns {DecodeCount} */
  count() {
    return { decodes: this.#decodes, images: this.#endOf.size, overlapping: this.#overlapping };
  }

  close() {
    this.#channel.close();
  }
}
