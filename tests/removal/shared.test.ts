import { tagContract } from '../contract/tags.js';
import { create, sleep } from '../shared/support/threads.js';

tagContract('a SharedCache', { create: (options) => create<number>(options), sleep: (ms) => sleep(ms) });
