import { fork } from 'node:child_process';
import { join } from 'node:path';

/** How many programs programs.ts has. */
export const PROGRAM_COUNT = 100;

/** Everything of a small program, up to so many schedules. */
export const everything = (limit) => Array.from({ length: PROGRAM_COUNT }, (_, program) => ({ program, limit }));

/** So many schedules of each small program, drawn. */
export const drawn = (limit, seed) => everything(limit).map((task) => ({ ...task, seed: seed * 1000 + task.program }));

export const worlds = (from, count) => Array.from({ length: count }, (_, i) => ({ world: from + i }));

/**
 * Plays in a process of its own. Rejects when that ends without a word, or does not end.
 *
 * @param {string} module
 * @param {readonly object[]} tasks
 * @param {number} untilMs after which no task is begun
 */
export async function play(module, tasks, untilMs) {
  const child = fork(join(import.meta.dirname, 'play.worker.mjs'), [], {
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    execArgv: ['--enable-source-maps'],
  });
  const errors = [];
  child.stderr.on('data', (chunk) => errors.push(chunk));
  const timer = setTimeout(() => child.kill('SIGKILL'), untilMs + 60_000);
  try {
    return await new Promise((resolve, reject) => {
      child.once('message', resolve);
      child.once('exit', (code, signal) => {
        const text = Buffer.concat(errors).toString().slice(0, 400);
        reject(new Error(signal ? 'does not come to an end' : `exit ${code}: ${text}`));
      });
      child.send({ module, tasks, untilMs });
    });
  } finally {
    clearTimeout(timer);
    child.kill('SIGKILL');
  }
}
