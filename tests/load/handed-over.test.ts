import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import type { LoaderTask } from '../../src/arena/protocol.js';
import type { PoolTask } from '../../src/load/loader-task.js';
import { type OwnPool, Pool } from '../../src/load/pool.js';
import { taskOf } from './support/task.js';

/** A pool whose first thread ends before it has begun with anything, and whose second does what it is told. */
class Unlucky implements OwnPool {
  readonly threads = [1];
  readonly options = { maxThreads: 1 };
  /** What was given to a thread, as that gets it. */
  readonly runs: unknown[] = [];

  async run(task: PoolTask, { transferList }: { transferList: (ArrayBuffer | MessagePort)[] }): Promise<unknown> {
    const { load } = structuredClone({ load: task.load }, { transfer: transferList });
    this.runs.push((load as LoaderTask).input);
    if (this.runs.length === 1) throw new Error('the thread has ended');
    return {};
  }

  on(): void {}
  off(): void {}
}

function start(task: LoaderTask): { pool: Unlucky; ended: Promise<unknown> } {
  const pool = new Unlucky();
  const ended = new Promise<unknown>((resolve) => Pool.around(pool, 'loaders.mjs').start(task, resolve));
  return { pool, ended };
}

describe('a task whose thread ends before it has begun', () => {
  it('is run by another one', async () => {
    const { pool, ended } = start(taskOf({ bytes: new Uint8Array(4) }));
    expect(await ended).toBe(undefined);
    expect(pool.runs).toEqual([{ bytes: new Uint8Array(4) }, { bytes: new Uint8Array(4) }]);
  });

  it('fails if its input was handed over, and has gone with the thread', async () => {
    const bytes = new Uint8Array(4);
    const { pool, ended } = start({ ...taskOf({ bytes }), transfer: [bytes.buffer] });
    expect(String(await ended)).toBe('Error: the thread has ended');
    expect(pool.runs).toEqual([{ bytes: new Uint8Array(4) }]);
    expect(bytes.byteLength).toBe(0);
  });

  it('fails if what was handed over is a port', async () => {
    const { port1, port2 } = new MessageChannel();
    const { pool, ended } = start({ ...taskOf({ port: port1 }), transfer: [port1] });
    expect(String(await ended)).toBe('Error: the thread has ended');
    expect(pool.runs).toHaveLength(1);
    port2.close();
  });
});
