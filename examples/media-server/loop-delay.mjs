// @ts-check
import { createHistogram, monitorEventLoopDelay } from 'node:perf_hooks';

const EVERY_MS = 5;
const NS_PER_MS = 1e6;

/**
 * @typedef {object} Delay milliseconds by which the event loop was late
 * @property {number} p50
 * @property {number} p99
 * @property {number} max
 *
 * @typedef {object} LoopReport
 * @property {Delay} monitored by Node's `monitorEventLoopDelay`
 * @property {Delay} timed by gaps between our own timers
 */

/**
 * How late the event loop of this thread comes, measured twice. Node's monitor counts samples: a loop that is blocked
 * throughout takes none and looks perfect. So a timer of our own notes each gap as well, and fills it with the samples
 * that a blocked loop could not take: a gap of 100 ms counts as 20 late timers, not as one.
 */
export class LoopDelay {
  #monitor = monitorEventLoopDelay({ resolution: EVERY_MS });
  #gaps = createHistogram();
  #last = performance.now();
  #timer = setInterval(() => this.#tick(), EVERY_MS);

  constructor() {
    this.#monitor.enable();
    this.#timer.unref();
  }

  #tick() {
    const now = performance.now();
    for (let late = now - this.#last - EVERY_MS; ; late -= EVERY_MS) {
      this.#gaps.record(Math.max(1, Math.round(late * NS_PER_MS)));
      if (late <= EVERY_MS) break;
    }
    this.#last = now;
  }

  reset() {
    this.#monitor.reset();
    this.#gaps.reset();
    this.#last = performance.now();
  }

  /** @returns {LoopReport} */
  report() {
    this.#tick();
    // The monitor's samples are whole intervals, not delays.
    return { monitored: summary(this.#monitor, EVERY_MS), timed: summary(this.#gaps, 0) };
  }
}

/**
 * @param {import('node:perf_hooks').Histogram} histogram
 * @param {number} intervalMs
 * @returns {Delay}
 */
function summary(histogram, intervalMs) {
  /** @param {number} ns */
  const late = (ns) => Math.max(0, ns / NS_PER_MS - intervalMs);
  if (histogram.count === 0) return { p50: 0, p99: 0, max: 0 };
  return { p50: late(histogram.percentile(50)), p99: late(histogram.percentile(99)), max: late(histogram.max) };
}
