/**
 * # A storm of deaths
 *
 * Threads read, write, load, lease, and have the system write into their reservations, and are ended at random moments
 * in every way a thread can end; the main thread hears nothing from time to time; and in a process beside this one keepers
 * lose the threads that had started them. Each value proves itself (pattern.mjs); no deed of a survivor may take long; and when
 * all are gone nothing may be left: no byte, no pin, no thread.
 */
import { stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { SharedCache } from 'cachalot';
import { checkAftermath, threadCount } from './aftermath.mjs';
import { DEEDS, Deeds } from './deeds.mjs';
import { failure } from './failure.mjs';
import { Herd } from './herd.mjs';
import { KeeperLine } from './keeper-line.mjs';
import { Keepers } from './keepers.mjs';
import { parseOptions, USAGE } from './options.mjs';
import { makeProps } from './props.mjs';
import { Random } from './random.mjs';
import { CACHES, POOL, ROLES } from './stage.mjs';
import { COUNTS, NEEDED, newTally, Tally } from './tally.mjs';

const LOOK_MS = 200;
const PROGRESS_MS = 5_000;
/** How often, and for how long at most, the main thread hears nothing. */
const BLOCKED_EVERY_MS = 2_000;
const BLOCKED_MS = 300;
/** How long this process may go on after its work is done. */
const LINGER_MS = 10_000;
/**
 * Resident memory beside the budgets: the heaps and copies of the threads that run, and what malloc keeps of those that
 * are gone (with MALLOC_MMAP_THRESHOLD_=65536 in the environment it keeps little). A leak grows past it with the kills.
 */
const RSS_BASE = 256 * 2 ** 20;
const RSS_PER_THREAD = 48 * 2 ** 20;

async function storm({ kills, minutes, threads, seed, patience }) {
  const patienceMs = patience * 1000;
  const startedAt = performance.now();
  const random = new Random(seed);
  const tallies = newTally(threads + 1);
  const own = new Tally(tallies, threads);
  const props = makeProps();
  const loader = new URL('./storm.loader.mjs', import.meta.url);
  const create = (name) =>
    SharedCache.create({ name, ...CACHES[name].options, loaders: { storm: loader }, pool: POOL });
  const [media, notes] = [await create('media'), await create('notes')];
  const line = await KeeperLine.open(media.handle.keeper);
  // The threads of libuv's pool are started by its first work, and stay.
  await stat('.');
  const threadsBefore = threadCount();
  const rssBefore = process.memoryUsage.rss();

  const failures = [];
  const handles = { media: media.handle, notes: notes.handle };
  const data = { handles, tallies, seed, files: props.files, pipe: props.pipe?.path };
  const herd = new Herd({ threads, random, data, pipe: props.pipe, onFailure: (text) => failures.push(text) });
  const seconds = () => (performance.now() - startedAt) / 1000;
  const count = (name) => [...herd.rows, own].reduce((sum, row) => sum + row.get(name), 0);
  const summary = () => COUNTS.map((name) => `${count(name)} ${name}`).join(', ');

  let isOver = false;
  const deeds = new Deeds({ media, notes, random: new Random(seed + 1), tally: own, self: 1, files: [], pipe: -1 });
  const ownFlow = playAlong();
  async function playAlong() {
    while (!isOver) {
      const deed = deeds.random.pick(ROLES.reader);
      own.begin(0, DEEDS.indexOf(deed));
      await deeds[deed]();
      own.end(0);
      await sleep(deeds.random.between(0, 5));
    }
  }
  ownFlow.catch((error) => failure({ tally: own, seed, actor: 'main', deed: 'deed', error }));

  const keepers = new Keepers({ kills, minutes, seed });
  void keepers.ended.then((failure) => {
    if (failure !== undefined) failures.push(failure);
  });
  herd.start();
  let toldAt = performance.now();
  let rssMost = 0;
  let checkedAt = 0;
  let blockedAt = performance.now();
  const isEnough = () => herd.killed >= kills && NEEDED.every((name) => count(name) > 0);
  while (failures.length === 0 && !isEnough() && seconds() < minutes * 60) {
    await sleep(LOOK_MS);
    if (performance.now() > blockedAt + BLOCKED_EVERY_MS) {
      block(random.between(0, BLOCKED_MS));
      blockedAt = performance.now();
    }
    rssMost = Math.max(rssMost, process.memoryUsage.rss());
    failures.push(...herd.overdue(patienceMs, DEEDS));
    for (const { deed, age } of own.overdue(patienceMs))
      failures.push(`main: '${DEEDS[deed]}' for ${Math.round(age)} ms`);
    if ([...herd.rows, own].some((row) => row.hasFailed)) failures.push('an actor has failed: see above');
    if (herd.killed >= checkedAt + 50) {
      checkedAt = herd.killed;
      await line.validate().catch((error) => failures.push(error.message));
    }
    if (performance.now() > toldAt + PROGRESS_MS) {
      toldAt = performance.now();
      console.log(`${seconds().toFixed(0)} s: ${herd.killed} kills, ${summary()}, RSS ${mib(rssMost)}`);
    }
  }

  isOver = true;
  if (failures.length > 0) keepers.stop();
  await keepers.ended;
  if (failures.length === 0) {
    await ownFlow;
    deeds.releaseAll();
    await herd.end();
    await checkAftermath({ media, notes, line, threadsBefore }).catch((error) => failures.push(error.message));
    const bound = rssBefore + media.maxBytes + notes.maxBytes + RSS_BASE + threads * RSS_PER_THREAD;
    if (rssMost > bound) failures.push(`expected at most ${mib(bound)} of resident memory; got ${mib(rssMost)}`);
  }
  const kinds = Object.entries(herd.kills)
    .sort()
    .map(([kind, times]) => `${times} ${kind}`);
  console.log(`kills by kind: ${kinds.join(', ')}`);
  console.log(keepers.told);
  console.log(
    `storm: ${failures.length === 0 ? 'ok' : 'FAILED'}: ${herd.killed} kills, ${summary()}, ` +
      `RSS at most ${mib(rssMost)} (${mib(rssBefore)} before), ${seconds().toFixed(1)} s, seed ${seed}`,
  );
  if (failures.length > 0) {
    for (const text of failures) console.error(`storm, seed ${seed}: ${text}`);
    // What is left is in no state to end by itself.
    process.exit(1);
  }
  line.close();
  await media.close();
  await notes.close();
  props.remove();
  setTimeout(() => {
    console.error(`storm, seed ${seed}: the process has not ended by itself within ${LINGER_MS} ms`);
    process.exit(1);
  }, LINGER_MS).unref();
}

/** The main thread hears nothing. */
function block(ms) {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

function mib(bytes) {
  return `${Math.round(bytes / 2 ** 20)} MiB`;
}

try {
  const options = parseOptions(process.argv.slice(2));
  if (options.help) console.log(USAGE);
  else await storm(options);
} catch (error) {
  console.error(`storm: ${error?.stack ?? error}`);
  process.exit(1);
}
