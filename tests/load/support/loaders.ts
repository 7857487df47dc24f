import { SharedCache, type SharedCacheOptions } from 'cachalot';
import { expect } from 'vitest';

export const fixture = (name: string): URL => new URL(`../fixtures/${name}`, import.meta.url);
export const open: SharedCache<unknown>[] = [];
let count = 0;

export async function create(options: Partial<SharedCacheOptions<unknown>> = {}): Promise<SharedCache<unknown>> {
  const cache = await SharedCache.create<unknown>({
    name: `loaders-${count++}`,
    maxBytes: '1MiB',
    loaders: { many: fixture('many.loader.mjs') },
    pool: { maxThreads: 1, resourceLimits: { maxOldGenerationSizeMb: 32 } },
    ...options,
  });
  open.push(cache);
  return cache;
}

/** For after each test. Whatever happened: all bytes that were set aside are back. */
export async function closeAll(): Promise<void> {
  for (const cache of open.splice(0)) {
    await eventually(() => cache.stats.snapshot().reservedBytes).toBe(0);
    await cache.clear();
    expect(cache.bytes).toBe(0);
    await cache.close();
  }
}

export const run = (cache: SharedCache<unknown>, act: string, rest: object = {}): Promise<unknown> =>
  cache.load('many', { act, ...rest }, { key: 'k' });

export async function rejection(promise: Promise<unknown>): Promise<Error & { cause?: unknown }> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(Error);
  return error as Error;
}

/** Starts a thread, for tests that measure time. */
export const warmUp = (cache: SharedCache<unknown>) => cache.load('many', { act: 'thread' }, { key: 'warm' });

/** What loaders count, in memory shared with them. */
export class Tally {
  readonly words = new Int32Array(new SharedArrayBuffer(16));
  get runs(): number {
    return Atomics.load(this.words, 0);
  }
  get aborts(): number {
    return Atomics.load(this.words, 1);
  }
  /** Whether a loader does nothing any more but wait, or hang. */
  get waits(): boolean {
    return Atomics.load(this.words, 3) === 1;
  }
}

/** Busy machines start threads slowly. */
export const eventually = (read: () => unknown) => expect.poll(read, { timeout: 10_000, interval: 5 });

/** Stands for so many bytes of one kind, in `brief`. */
export const bytesOf = (length: number, byte: number): string => `${length} × ${byte}`;

/** A value with `bytesOf` in the place of its bytes: megabytes are compared slowly. */
export function brief(value: unknown): unknown {
  if (value instanceof Uint8Array) {
    const byte = value[0] ?? 0;
    return value.every((other) => other === byte) ? bytesOf(value.length, byte) : value;
  }
  if (Array.isArray(value)) return value.map(brief);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, brief(part)]));
}

export const real = (length: number, byte: number): Uint8Array => new Uint8Array(length).fill(byte);
