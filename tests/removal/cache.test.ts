import { setTimeout as sleep } from 'node:timers/promises';
import { Cache } from 'cachalot';
import { namespaceContract } from '../contract/namespaces.js';
import { patternContract } from '../contract/patterns.js';
import { tagContract } from '../contract/tags.js';

const harness = {
  create: async (options = {}) => new Cache<string, number>({ maxBytes: '1MiB', ...options }),
  sleep: (ms: number) => sleep(ms),
};

tagContract('a Cache', harness);
namespaceContract('a Cache', harness);
patternContract('a Cache', harness);
