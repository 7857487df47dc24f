import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SharedCache } from 'cachalot';
import { describe, expect, it, vi } from 'vitest';
import { runProgram } from '../support/run.js';
import { create, sleep, thread } from './support/threads.js';

describe('attaching', () => {
  it('is no matter of new', () => {
    for (const given of [[], [{ name: 'made', maxBytes: '1MiB' }]]) {
      expect(() => Reflect.construct(SharedCache as never, given)).toThrow(/SharedCache\.create\(options\)/);
    }
  });

  it('and other calls warn of options that are spelt nearly right', async () => {
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    const cache = await create<number>();
    await SharedCache.attach<number>(cache.handle, { timout: 1000 } as never);
    await cache.set('k', 7, { tll: 5, transfer: false } as never);
    await cache.getOrSet('l', () => 7, { retires: 1 } as never);
    const meant = warn.mock.calls.map(([text]) =>
      /option '(.*)' of a call .* mean '(.*)'/.exec(String(text))?.slice(1),
    );
    warn.mockRestore();
    expect(meant).toEqual([
      ['timout', 'timeout'],
      ['tll', 'ttl'],
      ['retires', 'retries'],
    ]);
  });

  it('by name and by handle, from a thread that was there before and one that came later', async () => {
    const early = thread();
    await early.run(() => undefined);
    const cache = await create<number>();
    await cache.set('k', 7);
    const late = thread();
    const read = async ({ SharedCache }: { SharedCache: typeof import('cachalot').SharedCache }, which: unknown) => {
      const one = await SharedCache.attach<number>(which as string);
      return [one.get('k'), one.name, one.maxBytes, one.size];
    };
    for (const one of [early, late]) {
      for (const which of [cache.name, cache.handle]) {
        expect(await one.run(read, which)).toEqual([7, cache.name, 2 ** 20, 1]);
      }
    }
    const here = await SharedCache.attach<number>(cache.handle);
    expect(here.get('k')).toBe(7);
    await here.close();
    expect(cache.get('k')).toBe(7);
  });

  it('from a thread of a thread; what it writes is seen by all', async () => {
    const cache = await create<string>();
    const outer = thread();
    await outer.run(async ({ Worker }, name) => {
      const source = `
        import('cachalot').then(async ({ SharedCache }) => {
          const cache = await SharedCache.attach(${JSON.stringify(name)});
          await cache.set('from', 'below');
        });`;
      const worker = new Worker(source, { eval: true, execArgv: [] });
      await new Promise((resolve) => worker.once('exit', resolve));
    }, cache.name);
    expect(cache.get('from')).toBe('below');
  });

  it('waits for a cache that is still to come', async () => {
    const name = `to come ${process.pid}`;
    const attached = SharedCache.attach<number>(name, { timeout: '5s' });
    await sleep(30);
    const cache = await create<number>({ name });
    await cache.set('k', 1);
    expect((await attached).get('k')).toBe(1);
  });

  it('to what nobody creates is an error that says what there is', async () => {
    const cache = await create();
    const attempt = SharedCache.attach('nowhere', { timeout: 30 });
    await expect(attempt).rejects.toMatchObject({ name: 'CacheConfigError', code: 'ERR_CACHE_CONFIG' });
    await expect(attempt).rejects.toThrow(/'nowhere'.* within \d+ ms .*'/);
    await expect(attempt).rejects.toThrow(cache.name);
    const far = thread().run(({ SharedCache }) => SharedCache.attach('nowhere', { timeout: 30 }).then(() => 1));
    await expect(far).rejects.toThrow(/'nowhere'/);
  });

  it('creating what exists is an error that says how to attach', async () => {
    const cache = await create();
    await expect(create({ name: cache.name })).rejects.toThrow(`SharedCache.attach('${cache.name}')`);
    const far = thread().run(
      ({ SharedCache }, name) => SharedCache.create({ name, maxBytes: 1000 }).then(() => 1),
      cache.name,
    );
    await expect(far).rejects.toThrow(/exists/);
    await cache.close();
    await expect(create({ name: cache.name })).resolves.toBeDefined();
  });

  it.each([
    ['', 'string'],
    [7, 'number'],
    [undefined, 'undefined'],
    [{}, 'object'],
  ])('to %o is an error', async (which, type) => {
    await expect(SharedCache.attach(which as string)).rejects.toThrow(new RegExp(`attach: expected the name.*${type}`));
  });

  it('the two builds of the package share a cache', async () => {
    const cache = await create<number>();
    await cache.set('k', 3);
    const require = createRequire(import.meta.url);
    const other = require('cachalot') as typeof import('cachalot');
    expect(other.SharedCache).not.toBe(SharedCache);
    const same = await other.SharedCache.attach<number>(cache.name);
    expect(same.get('k')).toBe(3);
    await same.set('k', 4);
    expect(cache.get('k')).toBe(4);
    await same.close();
  });

  it('keeps no process alive, neither with the cache open nor in a thread', async () => {
    const file = fileURLToPath(new URL('./support/ends.mjs', import.meta.url));
    const run = await runProgram(file, join(file, '../../../..'));
    expect(run).toEqual({ code: 0, stdout: 'created\nattached\nstored true\n', stderr: '' });
  });

  it('is waited for however long, and keeps nobody of the same thread from creating, nor from another deadline', async () => {
    const file = fileURLToPath(new URL('./support/waits.mjs', import.meta.url));
    const { code, stdout, stderr } = await runProgram(file, join(file, '../../../..'));
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const [created, never, ...rest] = stdout.trim().split('\n');
    expect([created, ...rest]).toEqual(['created', 'attached', 'attached']);
    expect(never).toMatch(/got 'never', .* within \d+ ms/);
  });
});

describe('closing', () => {
  it('in the creating thread ends the cache for all', async () => {
    const cache = await create<number>();
    await cache.set('k', 1);
    const other = thread();
    await other.run(async ({ SharedCache, state }, name) => {
      state['cache' as never] = (await SharedCache.attach(name)) as never;
    }, cache.name);
    await cache.close();
    await cache.close();
    for (const call of [
      () => cache.get('k'),
      () => cache.acquire('k'),
      () => cache.has('k'),
      () => cache.keys(),
      () => cache.values(),
      () => cache.entries(),
      () => cache.forEach(console.log),
    ]) {
      expect(call).toThrow(expect.objectContaining({ code: 'ERR_CACHE_CLOSED' }));
    }
    await expect(cache.set('k', 1)).rejects.toMatchObject({ code: 'ERR_CACHE_CLOSED' });
    await expect(cache.getOrSet('k', () => 1)).rejects.toMatchObject({ code: 'ERR_CACHE_CLOSED' });
    expect([cache.size, cache.bytes]).toEqual([0, 0]);
    expect(cache.stats.snapshot()).toMatchObject({ sets: 1, bytes: 0, entries: 0 });
    await expect(
      other.run(({ state }) => (state['cache' as never] as SharedCache).get('k') as number),
    ).rejects.toMatchObject({ code: 'ERR_CACHE_CLOSED' });
  });

  it('in an attached thread lets go of that thread', async () => {
    const cache = await create<number>();
    await cache.set('k', 1);
    const other = thread();
    const code = other.run(async ({ SharedCache }, name) => {
      const attached = await SharedCache.attach(name);
      await attached.close();
      attached.get('k');
    }, cache.name);
    await expect(code).rejects.toMatchObject({ code: 'ERR_CACHE_CLOSED' });
    expect(cache.get('k')).toBe(1);
  });

  it('rejects those who wait, at once; leases live on', async () => {
    const cache = await create<Uint8Array>();
    await cache.set('k', new Uint8Array(1000).fill(5));
    const lease = cache.acquire('k')!;
    const waiting = cache.getOrSet('slow', () => new Promise<Uint8Array>(() => undefined));
    const rejected = expect(waiting).rejects.toMatchObject({ code: 'ERR_CACHE_CLOSED' });
    await sleep(10);
    await cache.close();
    await rejected;
    const others = await create<Uint8Array>();
    for (let i = 0; i < 50; i++) await others.set(`o${i}`, new Uint8Array(50_000).fill(9));
    expect(lease.value.every((byte) => byte === 5)).toBe(true);
    lease.release();
  });
});
