import { fork } from 'node:child_process';
import { join } from 'node:path';

/** How many programs programs.ts has. */
export const PROGRAM_COUNT = 162;

/** Everything of a small program, up to so many schedules. */
export const everything = (limit) => Array.from({ length: PROGRAM_COUNT }, (_, program) => ({ program, limit }));

/** Of small programs whose names have this in them: all that there is, or, with a seed, what is drawn. */
export const playing = (name, limit, seed) => [{ name, limit, ...(seed === undefined ? {} : { seed }) }];

/** So many schedules of each small program, drawn. */
export const named = (limit, seed) => everything(limit).map((task) => ({ ...task, seed: seed * 1000 + task.program }));

/** Programs that are drawn: `count` times as many, of which each is played once. */
export const drawn = (limit, from, count = 1) => Array.from({ length: count }, (_, i) => ({ limit, seed: from + i }));

export const worlds = (from, count) => Array.from({ length: count }, (_, i) => ({ world: from + i }));

/** A process of its own that plays what it is told, one thing after the other. */
export class Player {
  #child;
  #errors = [];

  constructor(module) {
    this.module = module;
    this.#child = fork(join(import.meta.dirname, 'play.worker.mjs'), [], {
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      execArgv: ['--enable-source-maps'],
    });
    this.#child.stderr.on('data', (chunk) => this.#errors.push(chunk));
  }

  /**
   * Rejects when the process ends without a word, or does not end.
   *
   * @param {readonly object[]} tasks
   * @param {number} untilMs after which no task is begun
   */
  async play(tasks, untilMs) {
    const child = this.#child;
    const timer = setTimeout(() => child.kill('SIGKILL'), untilMs + 60_000);
    let onExit;
    try {
      return await new Promise((resolve, reject) => {
        onExit = (code, signal) => {
          const text = Buffer.concat(this.#errors).toString().slice(0, 400);
          reject(new Error(signal ? 'does not come to an end' : `exit ${code}: ${text}`));
        };
        child.once('message', resolve);
        child.once('exit', onExit);
        child.send({ module: this.module, tasks, untilMs });
      });
    } finally {
      clearTimeout(timer);
      child.off('exit', onExit);
    }
  }

  end() {
    this.#child.kill('SIGKILL');
  }
}
