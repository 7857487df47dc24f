// @ts-check
// The conductor: finds photos, has four servers run under the same load (two without the cache, one with room for all
// photos, one with room for half of them), tells what came of it, and leaves the last one up.
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { availableParallelism, cpus } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { HELP, parseOptions, UsageError } from './options.mjs';
import { findPhotos } from './photos.mjs';
import { Helper } from './processes.mjs';
import { Progress } from './progress.mjs';
import { checklist, mebibytes, style, table } from './report.mjs';
import { checks, figures } from './result.mjs';

const FIRST_PORT = 8080;
const CONNECTIONS_PER_THREAD = 4;
/** sharp works on libuv's threads. One core less than there are leaves room for the event loops, which do little. */
const NATIVE_THREADS = Math.max(1, availableParallelism() - 1);
const LOAD = { widths: [96, 160, 240, 320, 480], exponent: 0.9, seed: 1 };
/** Some room above the sum of the pixels, for what lies between them. */
const ROOM_FOR_ALL = 1.25;

/** @type {Set<Helper>} */
const helpers = new Set();
const progress = new Progress(process.stderr);

/**
 * @param {URL} url
 * @param {Record<string, (body: any) => unknown>} [handlers]
 */
function startHelper(url, handlers) {
  const helper = new Helper(url, { UV_THREADPOOL_SIZE: String(NATIVE_THREADS) }, handlers);
  helpers.add(helper);
  return helper;
}

/** @param {Helper} helper */
async function stopHelper(helper) {
  helpers.delete(helper);
  await helper.stop();
}

/**
 * One server under the load.
 *
 * @param {string} title
 * @param {import('./server.mjs').Settings} settings
 * @param {number} seconds
 */
async function run(title, settings, seconds) {
  const server = startHelper(new URL('./server.mjs', import.meta.url));
  /** @type {number[]} */
  const ports = await server.peer.ask('start', settings);
  /** @type {import('./server.mjs').ServerReport | undefined} */
  let before;
  const machine = { busySeconds: 0, at: 0 };
  const driver = startHelper(new URL('./load.mjs', import.meta.url), {
    progress: (state) => progress.update(title, state),
    measure: async () => {
      await sleep(100); // what the threads have to tell each other about the last request has arrived by then
      before = await server.peer.ask('report', { reset: true });
      Object.assign(machine, { busySeconds: busySeconds(), at: performance.now() });
    },
  });
  const load = await driver.peer.ask('drive', {
    ...LOAD,
    ports,
    names: settings.photos.map((photo) => photo.name),
    connections: CONNECTIONS_PER_THREAD * ports.length,
    eachOnce: settings.mode === 'cached',
    warmUpSeconds: seconds / 2,
    seconds,
  });
  const busyCores = ((busySeconds() - machine.busySeconds) / (performance.now() - machine.at)) * 1000;
  await stopHelper(driver);
  await sleep(100);
  /** @type {import('./server.mjs').ServerReport} */
  const after = await server.peer.ask('report', { reset: false });
  return { server, ports, figures: figures({ title, load, before: before ?? after, after, busyCores }) };
}

/** Seconds that all cores of the machine have worked, for whomever. */
function busySeconds() {
  return cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0) / 1000;
}

async function main() {
  const options = parseOptions(process.argv.slice(2));
  if (options.help) return console.log(HELP);
  const paint = style(process.stdout.isTTY === true && !process.env.NO_COLOR);
  /** @param {string} text */
  const print = (text) => (options.json ? process.stderr : process.stdout).write(`${text}\n`);

  if (!existsSync(fileURLToPath(import.meta.resolve('cachalot')))) {
    throw new UsageError('cachalot has not been built yet: npm run build, or npm run demo, which does it');
  }
  const port = await firstPort(options.port, options.threads);
  print(`\n  ${paint.bold('cachalot: a media server')}\n`);
  const { source, photos } = await findPhotos(options.folder, (line) => progress.say(`  ${line}`));
  const pixelBytes = photos.reduce((sum, photo) => sum + photo.decodedBytes, 0);
  print(`  ${photos.length} images (${source}), ${mebibytes(pixelBytes)} when decoded`);
  print(
    `  ${options.threads} serving threads, ${NATIVE_THREADS} threads for sharp, ` +
      `${CONNECTIONS_PER_THREAD * options.threads} connections, Zipf ${LOAD.exponent}, ${options.seconds} s each\n`,
  );

  const settings = { photos, threads: options.threads, loaderThreads: NATIVE_THREADS, port: 0, maxBytes: 0 };
  const none = await run('no cache', { ...settings, mode: 'decoding' }, options.seconds);
  await stopHelper(none.server);
  const direct = await run('sharp alone', { ...settings, mode: 'direct' }, options.seconds);
  await stopHelper(direct.server);
  const roomForAll = Math.ceil(pixelBytes * ROOM_FOR_ALL) + 64 * 2 ** 20;
  const all = await run('room for all', { ...settings, mode: 'cached', maxBytes: roomForAll }, options.seconds);
  await stopHelper(all.server);
  const budget = options.budget ?? Math.ceil((all.figures.cache?.bytes ?? pixelBytes) / 2);
  const title = options.budget ? `room for ${mebibytes(budget)}` : 'room for half';
  const half = await run(title, { ...settings, mode: 'cached', maxBytes: budget, port }, options.seconds);
  progress.clear();

  const runs = { none: none.figures, direct: direct.figures, half: half.figures, all: all.figures };
  const list = checks(runs);
  print(`\n${table([runs.none, runs.direct, runs.half, runs.all], paint)}\n\n${checklist(list, paint)}\n`);
  const failure = Object.values(runs).find((figure) => figure.firstFailure)?.firstFailure;
  if (failure) print(`  The first failure: ${failure}\n`);
  const urls = half.ports.map((port) => `http://127.0.0.1:${port}`);
  if (options.json)
    console.log(JSON.stringify({ source, images: photos.length, pixelBytes, runs, checks: list, urls }, null, 2));
  if (list.some((check) => check.kind === 'correctness' && !check.ok)) process.exitCode = 1;
  if (options.exit) return stopHelper(half.server);

  print(`  The server stays up: ${paint.cyan(urls[0])}  ${paint.dim(`(and ${urls.slice(1).join(' ')})`)}`);
  print(`  ${paint.dim(`its figures: ${urls[0]}/stats · Ctrl-C ends it`)}\n`);
  throw await half.server.ended;
}

/**
 * @param {number | undefined} wanted
 * @param {number} count one per thread
 */
async function firstPort(wanted, count) {
  const first = wanted ?? FIRST_PORT;
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

let interrupted = false;

/** @param {number} code */
async function quit(code) {
  interrupted = true;
  progress.clear();
  await Promise.all([...helpers].map(stopHelper));
  process.exit(code);
}

process.on('SIGINT', () => void quit(process.exitCode === undefined ? 0 : Number(process.exitCode)));
process.on('SIGTERM', () => void quit(0));

try {
  await main();
} catch (error) {
  if (!interrupted) {
    console.error(error instanceof UsageError ? `${error.message}\nnpm run demo -- --help  tells the options` : error);
    await quit(error instanceof UsageError ? 2 : 1);
  }
}
