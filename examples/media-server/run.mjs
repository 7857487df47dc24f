// @ts-check
import { availableParallelism, cpus } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { startHelper, stopHelper } from './processes.mjs';
import { figures } from './result.mjs';

/** sharp works on libuv's threads. One less than there are cores leaves room for the event loops, which do little. */
export const NATIVE_THREADS = Math.max(1, availableParallelism() - 1);
export const CONNECTIONS_PER_THREAD = 4;
export const LOAD = { widths: [96, 160, 240, 320, 480], exponent: 0.9, seed: 1 };

/** What the threads have to tell each other about the last request has arrived by then. */
const SETTLE_MS = 100;

/**
 * One server under the load. It is left up.
 *
 * @param {string} title
 * @param {import('./server.mjs').Settings} settings
 * @param {number} seconds
 * @param {(state: import('./progress.mjs').State) => void} onProgress
 */
export async function run(title, settings, seconds, onProgress) {
  const env = { UV_THREADPOOL_SIZE: String(NATIVE_THREADS) };
  const server = startHelper(new URL('./server.mjs', import.meta.url), env);
  /** @type {number[]} */
  const ports = await server.peer.ask('start', settings);

  const start = { busySeconds: 0, at: 0 };
  /** @type {import('./server.mjs').ServerReport | undefined} */
  let before;
  const driver = startHelper(new URL('./load.mjs', import.meta.url), env, {
    progress: onProgress,
    measure: async () => {
      await sleep(SETTLE_MS);
      before = await server.peer.ask('report', { reset: true });
      Object.assign(start, { busySeconds: busySeconds(), at: performance.now() });
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
  const busyCores = ((busySeconds() - start.busySeconds) / (performance.now() - start.at)) * 1000;
  await stopHelper(driver);
  await sleep(SETTLE_MS);
  /** @type {import('./server.mjs').ServerReport} */
  const after = await server.peer.ask('report', { reset: false });
  return { server, ports, figures: figures({ title, load, before: before ?? after, after, busyCores }) };
}

/** Seconds that all cores of the machine have worked, for whomever. */
function busySeconds() {
  return cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0) / 1000;
}
