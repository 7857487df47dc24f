// @ts-check

/**
 * @typedef {object} State
 * @property {string} phase
 * @property {number} requests
 * @property {number} elapsed seconds
 * @property {number} share of the phase, from 0 to 1
 */

const BAR = 24;
const PLAIN_EVERY_MS = 4_000;

/**
 * One line that redraws itself where a person is watching; elsewhere (a log, CI) a plain line now and then.
 */
export class Progress {
  #shown = '';
  #plainAt = 0;
  #stream;

  /** @param {NodeJS.WriteStream} stream */
  constructor(stream) {
    this.#stream = stream;
  }

  /**
   * Something under way.
   *
   * @param {string} what
   * @param {State} state
   */
  update(what, { phase, requests, elapsed, share }) {
    const rate = elapsed > 0 ? Math.round(requests / elapsed) : 0;
    const text = `${what.padEnd(24)} ${phase.padEnd(10)}  ${String(requests).padStart(5)} requests, ${rate}/s`;
    if (this.#stream.isTTY) return this.#redraw(`  ${bar(share)} ${text}`);
    if (performance.now() - this.#plainAt < PLAIN_EVERY_MS) return;
    this.#plainAt = performance.now();
    this.#stream.write(`  ${text}\n`);
  }

  /** A line that stays. @param {string} text */
  say(text) {
    this.clear();
    this.#stream.write(`${text}\n`);
  }

  clear() {
    if (this.#shown !== '') this.#stream.write('\r\x1b[2K');
    this.#shown = '';
  }

  /** @param {string} text */
  #redraw(text) {
    const line = text.slice(0, (this.#stream.columns ?? 80) - 1);
    if (line === this.#shown) return;
    this.#stream.write(`\r\x1b[2K${line}`);
    this.#shown = line;
  }
}

/** @param {number} share from 0 to 1 */
function bar(share) {
  const full = Math.round(Math.min(1, share) * BAR);
  return '█'.repeat(full) + '░'.repeat(BAR - full);
}
