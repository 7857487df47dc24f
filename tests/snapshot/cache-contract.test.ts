import { setTimeout as sleep } from 'node:timers/promises';
import { Cache } from 'cachalot';
import { snapshotContract } from '../contract/snapshot.js';

snapshotContract('a Cache', {
  create: async (options = {}) => new Cache<string, unknown>({ maxBytes: '64MiB', ...options }),
  runs: 100,
  sleep: (ms) => sleep(ms),
});
