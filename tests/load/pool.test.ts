import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { provenGone } from '../../src/arena/keeper-client.js';
import type { PoolConfig } from '../../src/arena/protocol.js';
import { CacheLoadError } from '../../src/common/error.js';
import { LoaderPools } from '../../src/load/pools.js';
import { taskOf } from './support/task.js';

const worker = fileURLToPath(new URL('./fixtures/pool.worker.mjs', import.meta.url));
const pools = new LoaderPools(worker);
afterEach(() => pools.retain([]));

/** What tasks count in shared memory. */
class Tally {
  readonly words = new Int32Array(new SharedArrayBuffer(16));
  get begun(): number {
    return Atomics.load(this.words, 0);
  }
  get mostRunning(): number {
    return Atomics.load(this.words, 2);
  }
  /** The thread of the latest task. */
  get thread(): number {
    return Atomics.load(this.words, 3);
  }
}

interface Started {
  /** What the task failed with; `undefined` when it did not. */
  ended: Promise<unknown>;
  stop: () => void;
  calls: () => number;
}

function start(pool: PoolConfig, act: string, tally = new Tally(), ms = 0): Started {
  let calls = 0;
  let stop = () => {};
  const ended = new Promise<unknown>((resolve) => {
    stop = pools.start(pool, taskOf({ act, ms, tally: tally.words }), (error) => {
      calls++;
      resolve(error);
    });
  });
  return { ended, stop, calls: () => calls };
}

const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await pause(2);
};

describe('a pool', () => {
  it('runs a task and says once, later, that it is over', async () => {
    const { ended, calls } = start({ maxThreads: 1 }, 'work');
    expect(calls()).toBe(0);
    expect(await ended).toBe(undefined);
    await pause(20);
    expect(calls()).toBe(1);
  });

  it('runs tasks at once, but no more than it has threads', async () => {
    const tally = new Tally();
    const all = Array.from({ length: 6 }, () => start({ maxThreads: 2 }, 'meet', tally));
    expect(await Promise.all(all.map(({ ended }) => ended))).toEqual(all.map(() => undefined));
    expect(tally.begun).toBe(6);
    expect(tally.mostRunning).toBe(2);
  });

  it('runs those that wait in order', async () => {
    const order: number[] = [];
    const all = Array.from({ length: 6 }, (_, i) => start({ maxThreads: 1 }, 'work').ended.then(() => order.push(i)));
    await Promise.all(all);
    expect(order).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it('refuses what is beyond its queue', async () => {
    const tally = new Tally();
    const all = Array.from({ length: 4 }, () => start({ maxThreads: 1, maxQueue: 2 }, 'work', tally, 20));
    const errors = await Promise.all(all.map(({ ended }) => ended));
    expect(errors.slice(0, 3)).toEqual([undefined, undefined, undefined]);
    expect(errors[3]).toBeInstanceOf(CacheLoadError);
    expect(String(errors[3])).toMatch(/loader 'thumb': expected room in the queue.*2 loads that wait/);
    expect(tally.begun).toBe(3);
  });

  it('takes no queue at all for what it says', async () => {
    const all = Array.from({ length: 2 }, () => start({ maxThreads: 1, maxQueue: 0 }, 'work', new Tally(), 20));
    const errors = await Promise.all(all.map(({ ended }) => ended));
    expect(errors.map((error) => error instanceof CacheLoadError)).toEqual([false, true]);
  });

  it("lets so many wait as its threads squared, when it is said 'auto'", async () => {
    const all = Array.from({ length: 3 }, () => start({ maxThreads: 1, maxQueue: 'auto' }, 'work', new Tally(), 20));
    const errors = await Promise.all(all.map(({ ended }) => ended));
    expect(errors.map((error) => error instanceof CacheLoadError)).toEqual([false, false, true]);
  });

  it('passes on what a task failed with', async () => {
    expect(await start({}, 'fail').ended).toBe('it failed');
    expect(String(await start({}, 'throwUndefined').ended)).toBe('Error: it threw undefined');
  });

  it('fails a task that cannot be sent, and only that one', async () => {
    const error = await new Promise((resolve) => {
      pools.start(
        { maxThreads: 1 },
        taskOf(() => 1),
        resolve,
      );
    });
    expect(String(error)).toContain('could not be cloned');
    expect(await start({ maxThreads: 1 }, 'work').ended).toBe(undefined);
  });
});

describe('a task that is stopped', () => {
  it('never begins if it still waits', async () => {
    const tally = new Tally();
    const pool = { maxThreads: 1 };
    const first = start(pool, 'work', tally, 30);
    const second = start(pool, 'work', tally);
    const third = start(pool, 'work', tally);
    second.stop();
    second.stop();
    expect(await second.ended).toMatchObject({ name: 'AbortError' });
    expect(await Promise.all([first.ended, third.ended])).toEqual([undefined, undefined]);
    expect(tally.begun).toBe(2);
  });

  it('is told, and keeps its thread if it obeys', async () => {
    const tally = new Tally();
    const pool = { maxThreads: 1 };
    const task = start(pool, 'stopWhenTold', tally);
    await until(() => tally.begun === 1);
    const { thread } = tally;
    task.stop();
    expect(await task.ended).toBe('told');
    expect(await start(pool, 'work', tally).ended).toBe(undefined);
    expect(tally.thread).toBe(thread);
  });

  it('loses its thread if it does not, and those behind it get another one', async () => {
    const tally = new Tally();
    const pool = { maxThreads: 1 };
    const task = start(pool, 'hang', tally);
    const behind = start(pool, 'work', tally);
    await until(() => tally.begun === 1);
    const { thread } = tally;
    task.stop();
    expect(await task.ended).toMatchObject({ name: 'AbortError' });
    expect(await behind.ended).toBe(undefined);
    expect(tally.thread).not.toBe(thread);
    await provenGone(thread, undefined);
  });

  it('may have ended before', async () => {
    const task = start({}, 'work');
    await task.ended;
    task.stop();
    await pause(20);
    expect(task.calls()).toBe(1);
  });
});

describe('a thread that dies', () => {
  it.each([
    ['exits', 'exit', /exited with code: 7/],
    ['runs out of memory', 'outOfMemory', /memory limit/],
  ])('fails the task that %s, and no other', async (_, act, message) => {
    const tally = new Tally();
    const pool = { maxThreads: 1, resourceLimits: { maxOldGenerationSizeMb: 16 } };
    const dying = start(pool, act, tally);
    const behind = [start(pool, 'work', tally), start(pool, 'work', tally)];
    expect(String(await dying.ended)).toMatch(message);
    expect(await Promise.all(behind.map(({ ended }) => ended))).toEqual([undefined, undefined]);
    expect(tally.begun).toBe(3);
  });

  it('of what an earlier task left behind, harms nobody', async () => {
    const tally = new Tally();
    const pool = { maxThreads: 1 };
    expect(await start(pool, 'failLater', tally).ended).toBe(undefined);
    await provenGone(tally.thread, undefined);
    expect(await start(pool, 'work', tally).ended).toBe(undefined);
  });

  it('before it is ready, fails all who wait for it', async () => {
    const missing = new URL('./fixtures/missing.mjs', import.meta.url).href;
    const pool = { maxThreads: 2, execArgv: ['--import', missing] };
    const all = Array.from({ length: 5 }, () => start(pool, 'work'));
    for (const { ended } of all) expect(String(await ended)).toContain('missing.mjs');
  });

  it('without a word before it is ready, fails all who wait for it', async () => {
    const pool = { maxThreads: 2, execArgv: ['--import', 'data:text/javascript,process.exit(0)'] };
    const all = Array.from({ length: 3 }, () => start(pool, 'work'));
    for (const { ended } of all) expect(await ended).toBeInstanceOf(Error);
  });

  it('never comes to life with options that no thread takes', async () => {
    const pool = { minThreads: 1, execArgv: ['--max-old-space-size=64'] };
    for (let i = 0; i < 2; i++) expect(String(await start(pool, 'work').ended)).toContain('--max-old-space-size');
    const lazily = { execArgv: ['--max-old-space-size=64'] };
    for (let i = 0; i < 2; i++) expect(String(await start(lazily, 'work').ended)).toContain('--max-old-space-size');
  });
});

describe('pools', () => {
  it('share threads when their options are equal, in whatever order, and not otherwise', async () => {
    const threads: number[] = [];
    const options: PoolConfig[] = [
      { maxThreads: 1, idleTimeout: 5000 },
      { idleTimeout: 5000, maxThreads: 1 },
      { maxThreads: 1, idleTimeout: 5001 },
    ];
    for (const pool of options) {
      const tally = new Tally();
      await start(pool, 'work', tally).ended;
      threads.push(tally.thread);
    }
    expect(threads[1]).toBe(threads[0]);
    expect(threads[2]).not.toBe(threads[0]);
  });

  it('let a thread go that has nothing to do', async () => {
    const tally = new Tally();
    await start({ maxThreads: 1, idleTimeout: 20 }, 'work', tally).ended;
    await provenGone(tally.thread, undefined);
  });

  it('keep as many as they shall, until no cache needs them', async () => {
    const tally = new Tally();
    const pool = { minThreads: 1, maxThreads: 1, idleTimeout: 10 };
    await start(pool, 'work', tally).ended;
    const { thread } = tally;
    await pause(50);
    await start(pool, 'work', tally).ended;
    expect(tally.thread).toBe(thread);
    pools.retain([{ ...pool }]);
    await start(pool, 'work', tally).ended;
    expect(tally.thread).toBe(thread);
    const running = start(pool, 'work', tally, 50);
    pools.retain([]);
    expect(await running.ended).toBe(undefined);
    await provenGone(thread, undefined);
  });
});
