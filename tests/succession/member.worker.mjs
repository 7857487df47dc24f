import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort, threadId, workerData } from 'node:worker_threads';
import './watch-keeper.mjs';
import { SharedCache } from 'cachalot';
import { makeValue, verify } from '../storm/pattern.mjs';
import { Random } from '../storm/random.mjs';
import { exhaustMemory, throwUncaught } from '../storm/ruin.mjs';

const { name, seed, loader } = workerData;
const KEYS = 40;
const HELD = 6;
const random = new Random(seed);
const counts = { reads: 0, hits: 0, writes: 0, refused: 0, loads: 0, longest: 0, listened: 0 };
const held = [];
let nonce = 0;
let turn = 0;
let isOver = false;

const cache = await SharedCache.createOrAttach({ name, maxBytes: '4MiB', loaders: { value: loader } });
cache.on('set', () => {
  counts.listened++;
});

const keyOf = () => `key ${random.int(KEYS)}`;
const newValue = (key) =>
  makeValue(random.pick({ bytes: 1, image: 1, pair: 1 }), key, threadId * 2 ** 20 + ++nonce, random.size(100, 200_000));

function check(value, key) {
  counts.reads++;
  if (value === undefined) return;
  verify(value, key);
  counts.hits++;
}

/** A key that no other thread writes: what was stored last is what is found, or nothing. */
async function own() {
  const key = `own ${threadId} ${turn++ % 16}`;
  const value = makeValue('image', key, threadId * 2 ** 20 + ++nonce, random.size(100, 20_000));
  const stored = await cache.set(key, value);
  const found = cache.get(key);
  if (found !== undefined && (!stored || found.nonce !== value.nonce)) {
    throw new Error(`${key}: wrote ${value.nonce} (${stored}); found ${found.nonce}`);
  }
  if (random.chance(0.5)) return;
  await cache.delete(key);
  if (cache.has(key)) throw new Error(`${key}: was deleted, and is there`);
}

const DEEDS = {
  read: () => {
    const key = keyOf();
    check(cache.get(key), key);
  },
  lease: () => {
    const key = keyOf();
    const lease = cache.acquire(key);
    if (lease) held.push({ lease, key });
    while (held.length > HELD) {
      const [one] = held.splice(random.int(held.length), 1);
      check(one.lease.value, one.key);
      one.lease.release();
    }
  },
  write: async () => {
    const key = keyOf();
    counts[(await cache.set(key, newValue(key))) ? 'writes' : 'refused']++;
  },
  writeMany: async () => {
    const keys = new Set([keyOf(), keyOf(), keyOf()]);
    counts.writes += await cache.setMany([...keys].map((key) => [key, newValue(key)]));
  },
  remove: () => cache.delete(keyOf()),
  own,
  reserve: async () => {
    const key = keyOf();
    const reservation = await cache.reserve(key, 4096);
    const bytes = makeValue('bytes', key, threadId * 2 ** 20 + ++nonce, 4096);
    await sleep(random.between(0, 10));
    reservation.bytes.set(bytes);
    await reservation.commit();
  },
  lead: async () => {
    const key = keyOf();
    check(await cache.getOrSet(key, async () => newValue(key)), key);
    counts.loads++;
  },
  load: async () => {
    const key = `load ${random.int(20)}`;
    const input = { key, ruin: 'plain', byteLength: 4096, delay: 1 };
    check(await cache.load('value', input, { key }), key);
    counts.loads++;
  },
};
const OFTEN = { read: 20, lease: 8, write: 8, writeMany: 2, remove: 2, own: 4, reserve: 2, lead: 4, load: 2 };

async function run() {
  while (!isOver) {
    const deed = random.pick(OFTEN);
    const start = performance.now();
    try {
      await DEEDS[deed]();
    } catch (error) {
      error.message = `${deed}: ${error.message}`;
      throw error;
    }
    counts.longest = Math.max(counts.longest, performance.now() - start);
    await (random.chance(0.2) ? sleep(random.between(0, 3)) : new Promise(setImmediate));
  }
}

const flows = Promise.all([run(), run(), run()]);
flows.catch((error) => parentPort.postMessage({ failure: error.stack }));
parentPort.postMessage({ attached: true });
const ENDS = { exit: () => process.exit(0), throw: throwUncaught, memory: exhaustMemory };
parentPort.on('message', async (what) => {
  if (what === 'empty') {
    await cache.clear();
    const { bytes, reservedBytes, pinnedBytes, sets } = cache.stats.snapshot();
    parentPort.postMessage({
      emptied: { bytes, reservedBytes, pinnedBytes, size: cache.size },
      sets,
      keeper: cache.handle.keeper,
    });
  }
  if (what in ENDS) ENDS[what]();
  if (what !== 'stop') return;
  isOver = true;
  await flows;
  for (const { lease, key } of held.splice(0)) {
    check(lease.value, key);
    lease.release();
  }
  parentPort.postMessage({ stopped: counts });
});
