import { SharedCache, type SharedCacheOptions } from 'cachalot';
import { afterEach } from 'vitest';
import { transactionContract } from '../contract/transaction.js';

type Value = number | string;

interface Hooks {
  preSet?: (key: string, value: Value) => Value;
  postGet?: (value: Value) => Value;
}

/** A view of a subclass has its hooks; so have the caches here, each its own. */
class Hooked extends SharedCache<Value> {
  given: Hooks = {};

  protected override preSet(key: string, value: Value): Value {
    return this.given.preSet?.(key, value) ?? value;
  }

  protected override postGet(_key: string, value: Value): Value {
    return this.given.postGet?.(value) ?? value;
  }
}

const caches: Hooked[] = [];
let names = 0;

const harness = {
  async create({ hooks = {}, ...options }: Partial<SharedCacheOptions<Value>> & { hooks?: Hooks } = {}) {
    const name = `transactions ${names++} of ${process.pid}`;
    const cache = (await Hooked.create<Value>({ name, maxBytes: '1MiB', ...options })) as Hooked;
    cache.given = hooks;
    caches.push(cache);
    return cache;
  },
};

afterEach(async () => {
  for (const cache of caches.splice(0)) await cache.close();
});

transactionContract('a SharedCache', harness);
