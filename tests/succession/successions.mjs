/**
 * # Keepers that end, one after the other
 *
 * Threads share a cache, and the main thread does not load the library: so one of them starts the keeper, which ends with
 * it. That one is ended, in every way a thread can end and at any moment, also before its keeper has begun; the others go
 * on reading, writing and loading meanwhile, each value proves itself, and nothing hangs. A new one takes its place.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { KeeperLine } from '../storm/keeper-line.mjs';
import { Random } from '../storm/random.mjs';

const ENDS = { terminate: 8, exit: 2, throw: 2, memory: 1 };
const HANG_MS = 60_000;
const EMPTY_MS = 20_000;

/** One thread of the group. */
class Member {
  /** Told by the member, under the name of what it has said. */
  #heard = new Map();
  isGone = false;

  constructor({ name, seed, onFailure, onKeeper }) {
    this.worker = new Worker(new URL('./member.worker.mjs', import.meta.url), {
      workerData: { name, seed, loader: new URL('../storm/storm.loader.mjs', import.meta.url).href },
      resourceLimits: { maxOldGenerationSizeMb: 64 },
    });
    this.worker.on('message', (message) => {
      if (message.startsKeeper) onKeeper(this);
      if (message.failure) onFailure(message.failure);
      for (const [what, tell] of this.#heard) if (what in message) tell(message);
    });
    this.worker.on('error', (error) => {
      if (!this.isEnding) onFailure(error.stack ?? String(error));
    });
    this.exit = new Promise((resolve) => this.worker.once('exit', resolve)).then(() => {
      this.isGone = true;
    });
    this.attached = this.hears('attached');
  }

  hears(what) {
    return new Promise((resolve) => this.#heard.set(what, resolve));
  }

  async ask(what, answer) {
    const heard = this.hears(answer);
    this.worker.postMessage(what);
    return heard;
  }

  async end(kind) {
    this.isEnding = true;
    if (kind === 'terminate') await this.worker.terminate();
    else this.worker.postMessage(kind);
    await this.exit;
  }
}

/** Ends `count` keepers, or as many as the minutes suffice for; what the members have done. Rejects with what went wrong. */
export async function endKeepers({
  count,
  seed,
  minutes = Number.POSITIVE_INFINITY,
  members: size = 4,
  onProgress = () => undefined,
}) {
  const until = performance.now() + minutes * 60_000;
  const random = new Random(seed);
  const name = `succession ${seed}`;
  const started = [];
  let wake = () => undefined;
  let fail = () => undefined;
  const failure = new Promise((_, reject) => {
    fail = (text) => reject(new Error(text));
  });
  failure.catch(() => undefined);
  // What has gone wrong is told, and not that something else does not happen for it.
  const within = (promise, what) => Promise.race([failure, inTime(promise, what)]);
  let nextSeed = seed;
  const member = () =>
    new Member({
      name,
      seed: nextSeed++,
      onFailure: fail,
      onKeeper: (one) => {
        started.push(one);
        wake();
      },
    });
  let members = Array.from({ length: size }, member);
  await within(Promise.all(members.map((one) => one.attached)), 'members are attached');
  for (let ended = 0; ended < count && performance.now() < until; ended++) {
    await within(
      (async () => {
        while (!started.some((one) => !one.isGone)) {
          await new Promise((resolve) => {
            wake = resolve;
          });
        }
      })(),
      `somebody starts keeper ${ended}`,
    );
    const creator = started.findLast((one) => !one.isGone);
    // At once, while it starts, or when it has been at work for a while.
    await sleep(random.chance(0.3) ? random.between(0, 60) : random.between(60, 400));
    const kind = random.pick(ENDS);
    await within(creator.end(kind), `the thread that has started the keeper ends by '${kind}'`);
    const heir = member();
    members = members.filter((one) => one !== creator).concat(heir);
    if (random.chance(0.8)) await within(heir.attached, 'one more member is attached');
    onProgress(ended + 1);
  }
  await within(Promise.all(members.map((one) => one.attached)), 'members are attached');
  const stopped = await within(Promise.all(members.map((one) => one.ask('stop', 'stopped'))), 'members come to an end');
  await within(expectEmpty(members[0]), 'the cache is empty');
  const counts = {};
  for (const { stopped: one } of stopped) {
    for (const [what, value] of Object.entries(one)) {
      counts[what] = what === 'longest' ? Math.max(counts[what] ?? 0, value) : (counts[what] ?? 0) + value;
    }
  }
  await Promise.all(members.map((one) => one.end('terminate')));
  return counts;
}

/** Nothing is leased, reserved or left, once the last of the dead are proven to be so. */
async function expectEmpty(one) {
  const until = performance.now() + EMPTY_MS;
  for (;;) {
    const { emptied, keeper } = await inTime(one.ask('empty', 'emptied'), 'the cache is emptied');
    const isEmpty = Object.values(emptied).every((value) => value === 0);
    if (isEmpty) {
      const line = await KeeperLine.open(keeper);
      await inTime(line.validate(), 'the keeper looks at itself');
      line.close();
      return;
    }
    if (performance.now() > until) throw new Error(`expected an empty cache; got ${JSON.stringify(emptied)}`);
    await sleep(50);
  }
}

async function inTime(promise, what) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`expected that ${what} within ${HANG_MS} ms`)), HANG_MS);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

if (process.argv[1]?.endsWith('successions.mjs')) {
  const [count, seed, minutes] = [200, 1, Number.POSITIVE_INFINITY].map((usual, i) =>
    Number(process.argv[i + 2] ?? usual),
  );
  const startedAt = performance.now();
  const seconds = () => `${((performance.now() - startedAt) / 1000).toFixed(1)} s`;
  let total = 0;
  const onProgress = (ended) => {
    total = ended;
    if (ended % 20 === 0) console.log(`${seconds()}: ${ended} keepers have ended`);
  };
  try {
    const counts = await endKeepers({ count, seed, minutes, onProgress });
    console.log(`successions: ok: ${total} in ${seconds()}, seed ${seed}: ${JSON.stringify(counts)}`);
    process.exit(0);
  } catch (error) {
    console.error(`successions: FAILED, seed ${seed}: ${error.stack}`);
    process.exit(1);
  }
}
