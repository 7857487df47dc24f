// @ts-check

/**
 * @typedef {import('./server.mjs').ServerReport} ServerReport
 * @typedef {import('./load.mjs').LoadReport} LoadReport
 *
 * @typedef {object} Run what one server did under the load
 * @property {string} title
 * @property {LoadReport} load
 * @property {ServerReport} before when the measuring began, after the warming up
 * @property {ServerReport} after
 * @property {number} busyCores of the whole machine while measuring
 *
 * @typedef {object} Figures one column of the table
 * @property {string} title
 * @property {number} requestsPerSecond
 * @property {number} p50 milliseconds
 * @property {number} p99 milliseconds
 * @property {number} requests
 * @property {number} failures
 * @property {number} wrong
 * @property {string | undefined} firstFailure
 * @property {number} decodes while measuring
 * @property {number} cores that the server kept busy
 * @property {number} otherCores that programs other than the demo's kept busy
 * @property {number} rss bytes
 * @property {number} peakRss bytes
 * @property {{ monitored: import('./loop-delay.mjs').Delay, timed: import('./loop-delay.mjs').Delay }} loop of the worst thread
 * @property {CacheFigures | undefined} cache
 *
 * @typedef {object} CacheFigures what the cache says of itself while measuring, and since the server started
 * @property {number} hitRate
 * @property {number} hits requests that found the pixels
 * @property {number} misses requests for which the original had to be decoded
 * @property {number} joined requests that waited for a decode that another one had caused
 * @property {number} evictions
 * @property {number} rejected images for which there was no room
 * @property {number} bytes
 * @property {number} maxBytes
 * @property {number} totalMisses since the start
 * @property {number} totalDecodes since the start, as counted by the loaders
 * @property {number} decodedImages
 * @property {number} overlapping decodes of an image that was being decoded already
 *
 * @typedef {object} Check
 * @property {string} text
 * @property {boolean} ok
 * @property {'correctness' | 'speed'} kind
 */

/** @param {Run} run @returns {Figures} */
export function figures({ title, load, before, after, busyCores }) {
  const seconds = load.requests / load.requestsPerSecond;
  const cores = (after.cpuSeconds - before.cpuSeconds) / seconds;
  return {
    title,
    ...load,
    decodes: after.cache ? after.decoded.decodes - before.decoded.decodes : load.requests,
    cores,
    otherCores: Math.max(0, busyCores - cores - load.cpuSeconds / seconds),
    rss: after.rss,
    peakRss: after.peakRss,
    loop: { monitored: worst(after, 'monitored'), timed: worst(after, 'timed') },
    cache: cacheFigures(before, after),
  };
}

/**
 * @param {ServerReport} before
 * @param {ServerReport} after
 * @returns {CacheFigures | undefined}
 */
function cacheFigures(before, after) {
  if (!before.cache || !after.cache) return undefined;
  const difference = (/** @type {'hits' | 'misses' | 'loads' | 'evictions' | 'rejected'} */ name) =>
    (after.cache?.[name] ?? 0) - (before.cache?.[name] ?? 0);
  const hits = difference('hits');
  const notFound = difference('misses');
  return {
    hitRate: hits + notFound === 0 ? 0 : hits / (hits + notFound),
    hits,
    misses: difference('loads'),
    joined: notFound - difference('loads'),
    evictions: difference('evictions'),
    rejected: difference('rejected'),
    bytes: after.cache.bytes,
    maxBytes: after.cache.maxBytes,
    totalMisses: after.cache.loads,
    totalDecodes: after.decoded.decodes,
    decodedImages: after.decoded.images,
    overlapping: after.decoded.overlapping,
  };
}

/**
 * The latest thread at each point: one slow thread is not to hide behind the others.
 *
 * @param {ServerReport} report
 * @param {'monitored' | 'timed'} how
 */
function worst(report, how) {
  const delays = report.threads.map((thread) => thread.loop[how]);
  return {
    p50: Math.max(...delays.map((delay) => delay.p50)),
    p99: Math.max(...delays.map((delay) => delay.p99)),
    max: Math.max(...delays.map((delay) => delay.max)),
  };
}

/**
 * What the runs promise, and whether they kept it.
 *
 * @param {{ none: Figures, direct: Figures, half: Figures, all: Figures }} runs
 * @returns {Check[]}
 */
export function checks({ none, direct, half, all }) {
  const cached = [half, all];
  const failures = [none, direct, ...cached].reduce((sum, run) => sum + run.failures + run.wrong, 0);
  const [misses, decodes, overlapping] = /** @type {const} */ (['totalMisses', 'totalDecodes', 'overlapping']).map(
    (name) => cached.reduce((sum, run) => sum + (run.cache?.[name] ?? 0), 0),
  );
  const images = all.cache?.decodedImages ?? 0;
  const times = half.requestsPerSecond / none.requestsPerSecond;
  const delay = Math.max(...cached.flatMap(({ loop }) => [loop.timed.p99, loop.monitored.p99]));
  const others = Math.max(...[none, direct, ...cached].map((run) => run.otherCores));
  const crowded = others < 0.5 ? '' : `; other programs kept up to ${others.toFixed(1)} cores busy`;
  return [
    correct(failures === 0, failures === 0 ? 'every answer was right' : `${failures} answers failed or were wrong`),
    correct(decodes === misses, `decodes = misses: ${decodes} = ${misses}, warming up included`),
    correct(overlapping === 0, `${overlapping || 'no'} image was decoded twice at the same time`),
    correct(
      all.cache?.totalDecodes === images,
      `${all.title}: ${images} images took ${all.cache?.totalDecodes} decodes`,
    ),
    fast(times >= 3, `${half.title}: ${times.toFixed(1)} times the requests of no cache (goal: 3${crowded})`),
    fast(
      delay < 20,
      `event loops of the serving threads late by ${delay.toFixed(1)} ms at p99 (goal: below 20${crowded})`,
    ),
  ];
}

/** @param {boolean} ok @param {string} text @returns {Check} */
const correct = (ok, text) => ({ ok, text, kind: 'correctness' });
/** @param {boolean} ok @param {string} text @returns {Check} */
const fast = (ok, text) => ({ ok, text, kind: 'speed' });
