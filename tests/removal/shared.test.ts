import { namespaceContract } from '../contract/namespaces.js';
import { patternContract } from '../contract/patterns.js';
import { tagContract } from '../contract/tags.js';
import { create, sleep } from '../shared/support/threads.js';

const harness = {
  create: (options: Parameters<typeof create<number>>[0]) => create<number>(options),
  sleep: (ms: number) => sleep(ms),
};

tagContract('a SharedCache', harness);
namespaceContract('a SharedCache', harness);
patternContract('a SharedCache', harness);
