import { Worker } from 'node:worker_threads';
import { describe, expect, it, vi } from 'vitest';
import { monotonicClock, monotonicNow } from '../../src/common/clock.js';

describe('monotonicNow', () => {
  it('never steps back', () => {
    let last = monotonicNow();
    for (let i = 0; i < 10_000; i++) {
      const now = monotonicClock.now();
      expect(now >= last).toBe(true);
      last = now;
    }
  });

  it('counts milliseconds on the clock of the whole process, wherever a thread was started', async () => {
    // A thread's performance.now() starts at zero: only the shared origin makes its answer lie between ours.
    const before = monotonicNow();
    const there = await new Promise<number>((resolve, reject) => {
      const source = `
        const [s, ns] = process.hrtime();
        require('node:worker_threads').parentPort.postMessage(s * 1e3 + ns / 1e6);`;
      const worker = new Worker(source, { eval: true });
      worker.once('message', resolve);
      worker.once('error', reject);
    });
    expect(there).toBeGreaterThan(before - 1);
    expect(there).toBeLessThan(monotonicNow() + 1);
  });

  it('is the same in a thread that is stopped while it finds the origin', async () => {
    const read = process.hrtime;
    let reads = 0;
    const slow = vi.spyOn(process, 'hrtime').mockImplementation((since) => {
      const time = read(since);
      const end = performance.now() + (++reads % 4 === 3 ? 0 : 3);
      while (performance.now() < end);
      return time;
    });
    vi.resetModules();
    const stopped = await import('../../src/common/clock.js');
    slow.mockRestore();
    // This thread may be stopped now as well: between some two readings it was not.
    const apart = Array.from({ length: 100 }, () => Math.abs(stopped.monotonicNow() - monotonicNow()));
    expect(Math.min(...apart)).toBeLessThan(0.5);
  });

  it('has nothing to do with the wall clock', () => {
    const wall = Date.now;
    try {
      const before = monotonicNow();
      Date.now = () => 0;
      expect(monotonicNow() - before).toBeGreaterThanOrEqual(0);
    } finally {
      Date.now = wall;
    }
  });
});
