/**
 * lmdb: an embedded store mapped into memory, read by all threads. `getBinaryFast` copies into one buffer that the next
 * read overwrites: its fastest way.
 */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadPeer } from '../harness/in-child.js';
import { byteOf, type Connected, knownKeys, type Transport } from './transport.js';

interface Database {
  put(key: string, value: Buffer): Promise<boolean>;
  getBinaryFast(key: string): Buffer | undefined;
  flushed: Promise<unknown>;
  close(): Promise<void>;
}

interface LmdbModule {
  open(options: {
    path: string;
    encoding: 'binary';
    compression: false;
    noSync: boolean;
    maxReaders: number;
  }): Database;
}

async function openAt(path: string): Promise<Database> {
  const { open } = await loadPeer<LmdbModule>('lmdb');
  return open({ path, encoding: 'binary', compression: false, noSync: true, maxReaders: 126 });
}

export const lmdb: Transport = {
  async serve({ keys, bytes }) {
    const folder = await mkdtemp(join(tmpdir(), 'cachalot-bench-lmdb-'));
    const path = join(folder, 'data');
    const database = await openAt(path);
    for (const [id, key] of knownKeys(keys).entries()) {
      const stored = database.put(key, Buffer.alloc(bytes, byteOf(id)));
      if (bytes >= 1 << 20) await stored;
      else void stored;
    }
    await database.flushed;
    return {
      forThread: () => ({ data: path }),
      async close() {
        await database.close();
        await rm(folder, { recursive: true, force: true });
      },
    };
  },
  async connect({ keys }, _mode, data): Promise<Connected> {
    const database = await openAt(data as string);
    const known = knownKeys(keys);
    return {
      read: { kind: 'sync', read: (id) => database.getBinaryFast(known[id]!)![0]! },
      close: () => database.close(),
    };
  },
};
