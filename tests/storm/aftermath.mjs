import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { KeeperLine } from './keeper-line.mjs';
import { makeValue, verify } from './pattern.mjs';

const SETTLE_MS = 20_000;
/** So many threads can be attached at a time. */
const ROWS = 256;
/** What is attached when all is over: this thread, and its line to the keeper. */
const ROWS_IN_USE = 2;

/** Threads of this process, or 0 where the system does not say. */
export function threadCount() {
  try {
    return Number(/^Threads:\s+(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

/** What must be true when all actors are gone; throws when it does not become so. */
export async function checkAftermath({ media, notes, line, threadsBefore }) {
  await line.validate();
  for (const cache of [media, notes]) {
    await cache.clear();
    await until(
      () => ledgerOf(cache) === EMPTY,
      `an empty ledger of '${cache.name}'`,
      () => ledgerOf(cache),
    );
  }
  await line.validate();
  await until(() => threadCount() <= threadsBefore, `${threadsBefore} threads`, threadCount);

  // No row of a dead thread is lost.
  const deadline = performance.now() + SETTLE_MS;
  for (let free = 0; free < ROWS - ROWS_IN_USE; ) {
    free = await freeRows(media.handle.keeper);
    if (performance.now() > deadline) throw new Error(`expected ${ROWS - ROWS_IN_USE} free rows; got ${free}`);
  }

  // No block is lost: a value of nearly the whole budget finds its place.
  const key = 'whole';
  const size = Math.floor((media.maxBytes - 16_384) / 4) * 4;
  if (!(await media.set(key, makeValue('bytes', key, 1, size)))) {
    throw new Error(`expected room for ${size} bytes in an empty cache of ${media.maxBytes}; it was refused`);
  }
  const lease = media.acquire(key);
  verify(lease.value, key);
  lease.release();
  await media.delete(key);
  await until(
    () => ledgerOf(media) === EMPTY,
    'an empty ledger after the whole',
    () => ledgerOf(media),
  );
  await line.validate();
}

async function freeRows(keeper) {
  const lines = [];
  for (let line = await KeeperLine.open(keeper); line !== undefined; line = await KeeperLine.open(keeper)) {
    lines.push(line);
  }
  for (const line of lines) line.close();
  return lines.length;
}

const EMPTY = 'bytes 0, reserved 0, pinned 0, size 0';

function ledgerOf(cache) {
  const { bytes, reservedBytes, pinnedBytes } = cache.stats.snapshot();
  return `bytes ${bytes}, reserved ${reservedBytes}, pinned ${pinnedBytes}, size ${cache.size}`;
}

async function until(condition, expected, got) {
  const deadline = performance.now() + SETTLE_MS;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`expected ${expected} within ${SETTLE_MS} ms; got ${got()}`);
    await sleep(20);
  }
}
