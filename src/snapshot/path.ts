import { fileURLToPath } from 'node:url';
import { CacheConfigError, describe } from '../common/error.js';

/** @throws CacheConfigError for what is no path and no `file:` URL. */
export function pathOf(path: unknown): string {
  if (path instanceof URL && path.protocol === 'file:') return fileURLToPath(path);
  if (typeof path === 'string' && path !== '' && !path.includes('\0')) return path;
  throw new CacheConfigError(`path: expected the path of a file, or its file: URL; got ${describe(path)}`);
}
