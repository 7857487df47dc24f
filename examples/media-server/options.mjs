// @ts-check
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { usableMemory } from './memory.mjs';

export const HELP = `
  npm run demo -- [options]

  Serves thumbnails of real photos from several threads over one cache, drives a load
  at it with and without the cache, prints what came of it, and stays up for a look.

    --folder <path>    photos to serve         (default: the system's, else Debian's, else made up)
    --threads <n>      serving threads         (default: 2 to 4, by the cores of the machine)
    --seconds <n>      measured time per run   (default: 8)
    --budget <size>    bytes of the cache      (default: half of the decoded photos), as in 300MiB
    --port <n>         first port              (default: 8080, or any that is free)
    --exit             end after the table instead of serving on
    --json             print the result as JSON on standard output
    --help             this text
`;

/** A command line that cannot be carried out. Its message is for the person who typed it. */
export class UsageError extends Error {}

/**
 * @typedef {object} Options
 * @property {string | undefined} folder
 * @property {number} threads serving threads
 * @property {number} seconds measured time of each run
 * @property {number | undefined} budget bytes
 * @property {number | undefined} port
 * @property {boolean} exit
 * @property {boolean} json
 * @property {boolean} help
 */

/**
 * @param {string[]} args
 * @returns {Options}
 */
export function parseOptions(args) {
  const { values } = parse(args);
  return {
    folder: text('--folder', values.folder),
    threads: number('--threads', values.threads, 1, 64) ?? Math.min(4, Math.max(2, availableParallelism() - 1)),
    seconds: number('--seconds', values.seconds, 0.1, 3600, 'a number of seconds') ?? 8,
    budget: values.budget === undefined ? undefined : parseSize('--budget', values.budget),
    port: number('--port', values.port, 1, 65_535 - 64),
    exit: values.exit ?? false,
    json: values.json ?? false,
    help: values.help ?? false,
  };
}

/** @param {string[]} args */
function parse(args) {
  try {
    return parseArgs({
      args,
      options: {
        folder: { type: 'string' },
        threads: { type: 'string' },
        seconds: { type: 'string' },
        budget: { type: 'string' },
        port: { type: 'string' },
        exit: { type: 'boolean' },
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    // Node's own words name the option; what it adds on escaping dashes helps nobody here.
    const [sentence] = (error instanceof Error ? error.message : String(error)).split('. ');
    throw new UsageError(sentence);
  }
}

/**
 * @param {string} name
 * @param {string | undefined} value
 */
function text(name, value) {
  if (value === '') throw new UsageError(`${name}: expected a path; got an empty string`);
  return value;
}

/**
 * @param {string} name
 * @param {string | undefined} value
 * @param {number} least
 * @param {number} most
 * @param {string} [what] whole numbers only, unless told otherwise
 */
function number(name, value, least, most, what = 'a whole number') {
  if (value === undefined) return undefined;
  const parsed = value.trim() === '' ? Number.NaN : Number(value);
  const fits = parsed >= least && parsed <= most && (what !== 'a whole number' || Number.isInteger(parsed));
  if (!fits) throw new UsageError(`${name}: expected ${what} from ${least} to ${most}; got "${value}"`);
  return parsed;
}

const UNITS = new Map([
  ['b', 1],
  ['kb', 1e3],
  ['mb', 1e6],
  ['gb', 1e9],
  ['kib', 2 ** 10],
  ['mib', 2 ** 20],
  ['gib', 2 ** 30],
]);

/**
 * Bytes of `300MiB`, `2gb` or `104857600`.
 *
 * @param {string} name
 * @param {string} value
 */
export function parseSize(name, value) {
  const match = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(value.trim());
  const bytes = match ? Math.floor(Number(match[1]) * (UNITS.get((match[2] || 'b').toLowerCase()) ?? Number.NaN)) : 0;
  if (!(bytes > 0)) throw new UsageError(`${name}: expected a size such as 300MiB or 2gb; got "${value}"`);
  if (bytes <= usableMemory()) return bytes;
  throw new UsageError(`${name}: expected at most the memory that there is, ${usableMemory()} bytes; got "${value}"`);
}
