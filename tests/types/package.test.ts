import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { unpackPackage } from '../support/packed.js';

const tsc = fileURLToPath(new URL('../../node_modules/typescript/bin/tsc', import.meta.url));

const { home, remove } = unpackPackage();
afterAll(remove);

describe('a TypeScript program that uses the packed package', () => {
  const PROGRAM = `
    import { Cache, CacheError, defineLoader, SharedCache } from 'cachalot';
    import * as testing from 'cachalot/testing';

    interface Image { width: number; pixels: Uint8Array }

    const cache = new Cache<string, Image>({ maxBytes: '1MiB', policy: 'lru', ttl: 1000 });
    export const stored: boolean = cache.set('a', { width: 1, pixels: new Uint8Array(1) }, { ttl: '1s' });
    export const width: number | undefined = cache.get('a')?.width;
    export const loaded: Promise<Image | undefined> = cache.getOrSet('b', async () => ({ width: 2, pixels: new Uint8Array(2) }));
    // @ts-expect-error values of another type are refused
    cache.set('c', 'text');
    // @ts-expect-error the budget is required
    new Cache<string, Image>({});

    export async function share(): Promise<number | undefined> {
      const shared = await SharedCache.create<Image>({ name: 'images', maxBytes: '1GiB' });
      const done: boolean = await shared.set('a', { width: 1, pixels: new Uint8Array(1) });
      const lease = done ? shared.acquire('a') : undefined;
      try {
        return lease?.value.pixels[0];
      } finally {
        lease?.release();
      }
    }

    export const loader = defineLoader<string, Image>(async (path, ctx) => {
      const pixels: Uint8Array = await ctx.allocate(path.length);
      return { width: path.length, pixels };
    });
    export const code = (error: unknown): string => (error instanceof CacheError ? error.code : String(testing));
  `;

  const compile = (name: string, options: Record<string, unknown>): Promise<string> => {
    writeFileSync(join(home, name), PROGRAM);
    const base = {
      strict: true,
      noEmit: true,
      target: 'ES2022',
      lib: ['ES2023', 'ESNext.Disposable'],
      types: ['node'],
    };
    const config = { compilerOptions: { ...base, skipLibCheck: false, ...options }, files: [name] };
    writeFileSync(join(home, `${name}.json`), JSON.stringify(config));
    return new Promise((resolve) => {
      execFile(process.execPath, [tsc, '-p', `${name}.json`], { cwd: home }, (_error, stdout) => resolve(stdout));
    });
  };

  it.each([
    ['an ES module', 'program.mts', { module: 'NodeNext' }],
    ['CommonJS', 'program.cts', { module: 'NodeNext' }],
    ['with nothing included beside', 'plain.mts', { module: 'NodeNext', lib: undefined, types: undefined }],
    ['a bundler', 'program.ts', { module: 'ESNext', moduleResolution: 'bundler' }],
  ])('is right about its types: %s', { timeout: 60_000 }, async (_, name, options) => {
    expect(await compile(name, options)).toBe('');
  });
});
