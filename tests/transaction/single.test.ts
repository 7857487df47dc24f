import { setTimeout as sleep } from 'node:timers/promises';
import { Cache, SharedCache } from 'cachalot';
import { afterEach } from 'vitest';
import { type SingleHarness, singleContract } from '../contract/single.js';

type Hooks = NonNullable<NonNullable<Parameters<SingleHarness['create']>[0]>['hooks']>;

singleContract('a Cache', {
  async create({ hooks = {}, ...options } = {}) {
    class Hooked extends Cache<string, string> {
      protected override preSet(key: string, value: string): string {
        return hooks.preSet ? hooks.preSet(key, value) : value;
      }

      protected override postGet(_key: string, value: string): string {
        return hooks.postGet ? hooks.postGet(value) : value;
      }
    }
    return new Hooked({ maxBytes: '4MiB', ...options });
  },
  sleep: (ms) => sleep(ms),
});

class Hooked extends SharedCache<string> {
  given: Hooks = {};

  protected override preSet(key: string, value: string): string {
    return this.given.preSet ? this.given.preSet(key, value) : value;
  }

  protected override postGet(_key: string, value: string): string {
    return this.given.postGet ? this.given.postGet(value) : value;
  }
}

const caches: SharedCache<string>[] = [];
let names = 0;
afterEach(async () => {
  for (const cache of caches.splice(0)) await cache.close();
});

singleContract('a SharedCache', {
  async create({ hooks = {}, ...options } = {}) {
    const name = `single ${names++} of ${process.pid}`;
    const cache = (await Hooked.create<string>({ name, maxBytes: '4MiB', ...options })) as Hooked;
    caches.push(cache);
    cache.given = hooks;
    return cache;
  },
  sleep: (ms) => sleep(ms),
});
