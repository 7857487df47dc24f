// @ts-check
// The conductor: finds photos, has four servers run under the same load (two without the cache, one with room for all
// photos, one with room for half of them), tells what came of it, and leaves the last one up.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { HELP, parseOptions, UsageError } from './options.mjs';
import { findPhotos } from './photos.mjs';
import { firstPort } from './ports.mjs';
import { stopAllHelpers, stopHelper } from './processes.mjs';
import { Progress } from './progress.mjs';
import { checklist, mebibytes, style, table } from './report.mjs';
import { checks } from './result.mjs';
import { CONNECTIONS_PER_THREAD, LOAD, NATIVE_THREADS, run } from './run.mjs';

/** Some room above the sum of the pixels, for what lies between them. */
const ROOM_FOR_ALL = 1.25;

const progress = new Progress(process.stderr);
/** Before the table is there, Ctrl-C breaks something off; afterwards it is how this ends. */
let isDone = false;
let isEnding = false;

async function main() {
  const options = parseOptions(process.argv.slice(2));
  if (options.help) return console.log(HELP);
  if (!existsSync(fileURLToPath(import.meta.resolve('cachalot')))) {
    throw new UsageError('cachalot has not been built yet: npm run build, or npm run demo, which does it');
  }
  const paint = style(process.stdout.isTTY === true && !process.env.NO_COLOR);
  /** @param {string} text */
  const print = (text) => (options.json ? process.stderr : process.stdout).write(`${text}\n`);

  const port = await firstPort(options.port, options.threads);
  print(`\n  ${paint.bold('cachalot: a media server')}\n`);
  const { source, photos } = await findPhotos(options.folder, (line) => progress.say(`  ${line}`));
  const pixelBytes = photos.reduce((sum, photo) => sum + photo.decodedBytes, 0);
  const connections = CONNECTIONS_PER_THREAD * options.threads;
  print(`  ${photos.length} images (${source}), ${mebibytes(pixelBytes)} when decoded`);
  print(`  ${options.threads} serving threads, ${NATIVE_THREADS} threads for sharp`);
  print(`  ${connections} connections, Zipf ${LOAD.exponent}, ${options.seconds} s for each server\n`);

  const { runs, server, ports } = await runAll(photos, pixelBytes, options, port);
  const list = checks(runs);
  print(`\n${table([runs.none, runs.direct, runs.half, runs.all], paint)}\n\n${checklist(list, paint)}\n`);
  const failure = Object.values(runs).find((figures) => figures.firstFailure)?.firstFailure;
  if (failure) print(`  The first failure: ${failure}\n`);
  const urls = ports.map((each) => `http://127.0.0.1:${each}`);
  const result = { source, images: photos.length, pixelBytes, runs, checks: list, urls };
  if (options.json) console.log(JSON.stringify(result, null, 2));
  if (list.some((check) => check.kind === 'correctness' && !check.ok)) process.exitCode = 1;
  isDone = true;
  if (options.exit) return stopHelper(server);

  const [first, ...others] = urls;
  const besides = others.length === 0 ? '' : paint.dim(`  (and ${others.join(' ')})`);
  print(`  The server stays up: ${paint.cyan(first)}${besides}`);
  print(`  ${paint.dim(`its figures: ${first}/stats · Ctrl-C ends it`)}\n`);
  throw await server.ended;
}

/**
 * @param {import('./photos.mjs').Photo[]} photos
 * @param {number} pixelBytes of all of them
 * @param {import('./options.mjs').Options} options
 * @param {number} port of the server that stays up
 */
async function runAll(photos, pixelBytes, { threads, seconds, budget }, port) {
  const settings = { photos, threads, loaderThreads: NATIVE_THREADS, port: 0, maxBytes: 0 };
  /**
   * @param {string} title
   * @param {Partial<import('./server.mjs').Settings> & { mode: import('./images.mjs').Mode }} special
   */
  const serve = (title, special) =>
    run(title, { ...settings, ...special }, seconds, (state) => progress.update(title, state));

  const none = await serve('no cache', { mode: 'decoding' });
  await stopHelper(none.server);
  const direct = await serve('sharp alone', { mode: 'direct' });
  await stopHelper(direct.server);
  const roomForAll = Math.ceil(pixelBytes * ROOM_FOR_ALL) + 64 * 2 ** 20;
  const all = await serve('room for all', { mode: 'cached', maxBytes: roomForAll });
  await stopHelper(all.server);
  // Half of what all of them have really taken.
  const maxBytes = budget ?? Math.ceil((all.figures.cache?.bytes ?? pixelBytes) / 2);
  const title = budget === undefined ? 'room for half' : `room for ${mebibytes(budget)}`;
  const { server, ports, figures } = await serve(title, { mode: 'cached', maxBytes, port });
  progress.clear();
  return { runs: { none: none.figures, direct: direct.figures, half: figures, all: all.figures }, server, ports };
}

/** @param {number} code */
async function end(code) {
  isEnding = true;
  progress.clear();
  await stopAllHelpers();
  process.exit(code);
}

process.on('SIGINT', () => void end(isDone ? Number(process.exitCode ?? 0) : 130));
process.on('SIGTERM', () => void end(isDone ? Number(process.exitCode ?? 0) : 143));

try {
  await main();
} catch (error) {
  // Whoever ends the helpers makes what waits for them fail.
  if (!isEnding) {
    console.error(error instanceof UsageError ? `${error.message}\nnpm run demo -- --help  tells the options` : error);
    await end(error instanceof UsageError ? 2 : 1);
  }
}
