import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Cache, type CacheOptions } from 'cachalot';
import { expect, it } from 'vitest';
import { transactionContract } from '../contract/transaction.js';
import { runProgram } from '../support/run.js';

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

it('a transaction keeps its process alive until its deadline, and no longer', async () => {
  const fixtures = fileURLToPath(new URL('fixtures', import.meta.url));
  const { code, stdout } = await runProgram(join(fixtures, 'deadline.mjs'), fixtures);
  expect([code, stdout]).toEqual([0, 'CacheTimeoutError\nCacheTimeoutError\nthe end\n']);
});
