// npm run check:mutations [-- part of a name]: every change of mutations.mjs must make the checker fail.

import { rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { buildChecker } from './build.mjs';
import { MUTATIONS } from './mutations.mjs';
import { drawn, everything, named, Player, playing, worlds } from './play.mjs';

/** What a change has to survive, and how long that may take. */
const TASKS = [
  ...everything(60),
  ...drawn(300, 1, 20),
  ...worlds(1, 4),
  ...named(150, 1),
  ...everything(600),
  ...drawn(2000, 500, 20),
  ...worlds(5, 26),
];
const LIMIT_MS = 90_000;

const wanted = process.argv[2] ?? '';
const list = MUTATIONS.filter(({ name }) => name.includes(wanted));
const folder = '.cache/checker/mutations';
const survivors = [];
let next = 0;

/** What becomes of one change: why the checker has failed, or `undefined`. */
async function outcome(mutation, index) {
  const player = new Player(await buildChecker(join(folder, String(index)), mutation));
  const seeded = mutation?.seed === undefined ? [] : drawn(1000, mutation.seed);
  const first = mutation?.by ? [...playing(mutation.by, 600), ...playing(mutation.by, 600, 1)] : [];
  try {
    const { finding, schedules } = await player.play([...seeded, ...first, ...TASKS], LIMIT_MS);
    const why = finding?.error.split('\n')[0].replace(/^\w*Error: /, '');
    return finding && `after ${schedules.length} schedules: ${why}`;
  } catch (error) {
    return error.message;
  } finally {
    player.end();
  }
}

async function work() {
  for (let index = next++; index < list.length; index = next++) {
    const mutation = list[index];
    const why = await outcome(mutation, index);
    if (why === undefined) survivors.push(mutation.name);
    console.log(`${why === undefined ? 'SURVIVES' : 'fails   '} ${mutation.name}${why ? `: ${why}` : ''}`);
  }
}

const plain = await outcome(undefined, 'plain');
if (plain !== undefined) throw new Error(`without any change the checker fails, ${plain}`);
await Promise.all(Array.from({ length: Math.max(1, availableParallelism() - 1) }, work));
await rm(join(import.meta.dirname, '../..', folder), { recursive: true, force: true });
console.log(`${list.length} changes, ${survivors.length} survive`);
if (survivors.length > 0) process.exitCode = 1;
