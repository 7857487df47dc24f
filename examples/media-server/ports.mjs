// @ts-check
import { createServer } from 'node:net';
import { UsageError } from './options.mjs';

const DEFAULT = 8080;

/**
 * The first of so many free ports in a row; 0, for any, when nobody has asked for certain ones and the usual are taken.
 *
 * @param {number | undefined} wanted
 * @param {number} count one per thread
 */
export async function firstPort(wanted, count) {
  const first = wanted ?? DEFAULT;
  for (let port = first; port < first + count; port++) {
    if (await isFree(port)) continue;
    if (wanted === undefined) return 0;
    throw new UsageError(`--port: ${port} is in use (each of the ${count} threads takes one, from ${first} on)`);
  }
  return first;
}

/** @param {number} port @returns {Promise<boolean>} */
function isFree(port) {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}
