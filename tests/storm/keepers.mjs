import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('../succession/successions.mjs', import.meta.url));
/** One keeper loses its creator for so many other deaths. */
const KILLS_PER_KEEPER = 50;

/**
 * Keepers whose creators are ended, beside a storm: in a process of its own, since its main thread must not load the
 * library. As many as go with so many kills, or as long as so many minutes.
 */
export class Keepers {
  /** The last line of what it has said. */
  told = '';
  /** Resolves, when it is over, with what went wrong, or `undefined`. */
  ended;
  #child;

  constructor({ kills, minutes, seed }) {
    const count = String(Math.ceil(kills / KILLS_PER_KEEPER));
    const stdio = ['ignore', 'pipe', 'pipe'];
    this.#child = spawn(process.execPath, [program, count, String(seed), String(minutes)], { stdio });
    let errors = '';
    this.#child.stdout.on('data', (chunk) => {
      this.told = String(chunk).trim().split('\n').at(-1);
    });
    this.#child.stderr.on('data', (chunk) => {
      errors += chunk;
    });
    this.ended = new Promise((resolve) => {
      this.#child.once('close', (code, signal) => {
        resolve(code === 0 ? undefined : `keepers that lose their creators: ${signal ?? errors}`);
      });
    });
  }

  stop() {
    this.#child.kill();
  }
}
