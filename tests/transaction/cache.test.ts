import { Cache, type CacheOptions } from 'cachalot';
import { transactionContract } from '../contract/transaction.js';

type Value = number | string;

interface Hooks {
  preSet?: (key: string, value: Value) => Value;
  postGet?: (value: Value) => Value;
}

class Hooked extends Cache<string, Value> {
  readonly given: Hooks;

  constructor({ hooks = {}, ...options }: CacheOptions<string, Value> & { hooks?: Hooks }) {
    super(options);
    this.given = hooks;
  }

  protected override preSet(key: string, value: Value): Value {
    return this.given.preSet?.(key, value) ?? value;
  }

  protected override postGet(_key: string, value: Value): Value {
    return this.given.postGet?.(value) ?? value;
  }
}

const harness = {
  create: async (options: Partial<CacheOptions<string, Value>> & { hooks?: Hooks } = {}) =>
    new Hooked({ maxBytes: '1MiB', ...options }),
};

transactionContract('a Cache', harness);
