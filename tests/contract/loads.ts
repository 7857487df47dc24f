import type { CacheOptions, EntryInfo, Factory, GetOrSetOptions } from 'cachalot';
import { expect } from 'vitest';

export type Options = Partial<
  Pick<CacheOptions<string, number | null>, 'ttl' | 'ttlJitter' | 'grace' | 'refreshAhead' | 'maxEntryBytes' | 'cost'>
>;
export type Make = Factory<number | null, string>;

/** A cache of either kind, and one of the ways in which it loads. */
export interface Loads {
  ask(key: string, factory: Make, options?: GetOrSetOptions<number | null, string>): Promise<number | null | undefined>;
  peek(key: string): number | null | undefined;
  has(key: string): boolean;
  info(key: string): EntryInfo | undefined;
  set(key: string, value: number | null): boolean | Promise<boolean>;
  delete(key: string): boolean | Promise<boolean>;
  expire(key: string): boolean | Promise<boolean>;
  clear(): void | Promise<void>;
  stats: { snapshot(): { loads: number; misses: number; hits: number; loadErrors: number } };
}

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export const eventually = (read: () => unknown) => expect.poll(read, { timeout: 5_000, interval: 5 });

export class Down extends Error {}

/** A factory that ends when it is told to, and what it was given. */
export function held() {
  const runs: { signal: AbortSignal; end: (value: number) => void; fail: (error: Error) => void }[] = [];
  const factory: Make = ({ signal }) =>
    new Promise<number>((resolve, reject) => runs.push({ signal, end: resolve, fail: reject }));
  return { runs, factory };
}

/** The first run, once it has begun: on a busy machine callers may be answered before. */
export async function begun<T>(runs: T[]): Promise<T> {
  await eventually(() => runs.length).toBe(1);
  return runs[0]!;
}
