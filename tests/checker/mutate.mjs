// npm run check:mutations [-- part of a name]: every change of mutations.mjs must make the checker fail.

import { fork } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { buildChecker } from './build.mjs';
import { MUTATIONS } from './mutations.mjs';

/** Worlds that a change may survive, and how long they may take. */
const WORLDS = 30;
const LIMIT_MS = 100_000;

const wanted = process.argv[2] ?? '';
const list = MUTATIONS.filter(({ name }) => name.includes(wanted));
const folder = '.cache/checker/mutations';
const survivors = [];
let next = 0;

/** What becomes of one change: why the checker has failed, or `undefined`. */
async function outcome(mutation, index) {
  const module = await buildChecker(join(folder, String(index)), mutation);
  const child = fork(join(import.meta.dirname, 'play.worker.mjs'), [], {
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  const errors = [];
  child.stderr.on('data', (chunk) => errors.push(chunk));
  const timer = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS);
  try {
    return await new Promise((resolve) => {
      child.once('message', ({ finding, schedules }) => {
        const why = finding?.error.split('\n')[0].replace(/^\w*Error: /, '');
        resolve(finding && `after ${schedules.length} schedules: ${why}`);
      });
      child.once('exit', (code, signal) => {
        resolve(signal ? 'does not come to an end' : `exit ${code}: ${Buffer.concat(errors).toString().slice(0, 200)}`);
      });
      child.send({ module, from: 1, worlds: WORLDS, untilMs: LIMIT_MS * 0.8 });
    });
  } finally {
    clearTimeout(timer);
    child.kill('SIGKILL');
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
