// @ts-check
// The server process: makes the cache, starts the serving threads, and reports on them. It serves nothing itself, so
// that its event loop is free for the others.
import { Worker } from 'node:worker_threads';
import { SharedCache } from 'cachalot';
import { DecodeWatch } from './decode-watch.mjs';
import { Peer, processWire, threadWire } from './peer.mjs';

/**
 * @typedef {Pick<import('cachalot').StatsSnapshot, 'hits' | 'misses' | 'loads' | 'evictions' | 'rejected' | 'hitRate' | 'bytes' | 'maxBytes'>} CacheCounts
 *
 * @typedef {object} Settings
 * @property {import('./photos.mjs').Photo[]} photos
 * @property {import('./images.mjs').Mode} mode
 * @property {number} maxBytes budget of the cache, where there is one
 * @property {number} threads that serve
 * @property {number} loaderThreads of the cache's pool, at most
 * @property {number} port of the first thread; 0 = any
 *
 * @typedef {object} ThreadReport
 * @property {number} port
 * @property {number} requests
 * @property {number} failures
 * @property {import('./loop-delay.mjs').LoopReport} loop
 *
 * @typedef {object} ServerReport
 * @property {ThreadReport[]} threads
 * @property {import('./decode-watch.mjs').DecodeCount} decoded
 * @property {CacheCounts | undefined} cache
 * @property {number} cpuSeconds of all its threads, since it started
 * @property {number} rss bytes
 * @property {number} peakRss bytes
 */

/** @type {Peer[]} */
const threads = [];
/** @type {SharedCache<import('./decode.loader.mjs').Image> | undefined} */
let images;
const watch = new DecodeWatch();

/** @param {Settings} settings */
async function start(settings) {
  if (settings.mode === 'cached') {
    images = await SharedCache.create({
      name: 'images',
      maxBytes: settings.maxBytes,
      loaders: { decode: new URL('./decode.loader.mjs', import.meta.url) },
      pool: { maxThreads: settings.loaderThreads },
    });
  }
  for (let i = 0; i < settings.threads; i++) threads.push(startThread(settings));
  const ports = await listen(settings.port);
  for (const thread of threads) thread.tell('ports', ports);
  return ports;
}

/** @param {Settings} settings */
function startThread({ photos, mode }) {
  const worker = new Worker(new URL('./server.worker.mjs', import.meta.url), {
    workerData: { photos, mode },
  });
  worker.on('error', (error) => {
    console.error('A serving thread failed:', error);
    process.exit(1);
  });
  return new Peer(threadWire(worker), { report: () => report({ reset: false }) });
}

/**
 * One port per thread: threads of one process cannot share a listening socket as the processes of `cluster` do, and a
 * front that hands connections on would be a bottleneck of its own. (From Node 22.12 on, `listen({ port, reusePort: true })`
 * in each thread lets the kernel spread one port over them; here a balancer in front is played by the clients.)
 *
 * @param {number} first
 * @returns {Promise<number[]>}
 */
function listen(first) {
  return Promise.all(threads.map((thread, i) => thread.ask('listen', first === 0 ? 0 : first + i)));
}

/**
 * @param {{ reset: boolean }} options `reset` starts the measures of the threads anew
 * @returns {Promise<ServerReport>}
 */
async function report({ reset }) {
  return {
    threads: await Promise.all(threads.map((thread) => thread.ask('report', { reset }))),
    decoded: watch.count(),
    cache: images?.stats.snapshot(),
    cpuSeconds: cpuSeconds(),
    rss: process.memoryUsage.rss(),
    peakRss: process.resourceUsage().maxRSS * 1024,
  };
}

function cpuSeconds() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

if (process.send === undefined) {
  console.error('This process is started by main.mjs: npm run demo');
  process.exit(2);
}
new Peer(processWire(process), { start, report });
// Ctrl-C reaches every process of the terminal. When to end is the conductor's business; when it has gone, so do we.
process.on('SIGINT', () => undefined);
process.on('disconnect', () => process.exit(0));
