import type { InspectOptions, inspect } from 'node:util';

/** What a log tells of a cache: not what it is made of, nor what it holds. */
export interface Portrait {
  readonly name: string;
  readonly size: number;
  readonly bytes: number;
  readonly maxBytes: number;
}

export function portrait({ name, size, bytes, maxBytes }: Portrait): Portrait {
  return { name, size, bytes, maxBytes };
}

/** As `console.log` shows it. */
export function show(cache: Portrait, options: InspectOptions, format: typeof inspect): string {
  return `${cache.constructor.name} ${format(portrait(cache), options)}`;
}
