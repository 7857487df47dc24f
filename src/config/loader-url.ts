import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

/** A loader's module as a configuration names it: a URL as it is, a path from the folder of the file. */
export function loaderUrl(value: unknown, base: string): unknown {
  if (typeof value !== 'string' || value === '' || /^[a-z][a-z0-9+.-]+:/i.test(value)) return value;
  return pathToFileURL(resolve(base, value)).href;
}
