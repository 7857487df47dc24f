import { dirname, resolve } from 'node:path';
import { CacheError } from '../common/error.js';
import { pathOf } from './path.js';

/** What is done with a file, and for which cache. */
interface FileWork {
  what: 'save' | 'restore';
  /** The cache's name. */
  name: string;
}

/**
 * Works on the file of a snapshot. What the system says of a file that cannot be opened, read or written is told as a
 * `CacheError` with the name of the cache and what to do; its `code` and the like stay those of the system.
 *
 * @throws CacheConfigError for what is no path.
 */
export async function onFile<T>(
  { what, name }: FileWork,
  path: unknown,
  work: (path: string) => Promise<T>,
): Promise<T> {
  const file = pathOf(path);
  try {
    return await work(file);
  } catch (cause) {
    if (!isSystemError(cause)) throw cause;
    const { code, errno, syscall } = cause;
    const place = resolve(file);
    const advice = what === 'save' ? adviceOfSave(code, place) : adviceOfRestore(code, place);
    const text = advice
      ? `${advice} (${code}); nothing has changed`
      : `expected a file that can be ${what === 'save' ? 'written' : 'read'}; ${cause.message}`;
    const told = new CacheError(`${name}: ${what}: ${text}`, { cause });
    throw Object.assign(told, { code, errno, syscall, path: place });
  }
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException & { code: string } {
  if (!(error instanceof Error) || error instanceof CacheError) return false;
  return 'syscall' in error && 'code' in error && typeof error.code === 'string';
}

function adviceOfSave(code: string, path: string): string | undefined {
  switch (code) {
    case 'ENOENT':
      return `expected a folder that exists; there is no ${dirname(path)}, and save makes none: create it first`;
    case 'ENOTDIR':
      return `expected a file in a folder; a part of ${dirname(path)} is none`;
    case 'EISDIR':
      return `expected the path of a file; ${path} is a folder`;
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return `expected a folder in which this process may create files and replace them; it may not in ${dirname(path)}`;
    case 'ENOSPC':
    case 'EDQUOT':
      return `expected room for a second file beside ${path} until it is whole; the disk is full`;
    default:
      return undefined;
  }
}

function adviceOfRestore(code: string, path: string): string | undefined {
  switch (code) {
    case 'ENOENT':
      return `expected a snapshot at ${path}; there is no such file: before the first save, catch this code and start empty`;
    case 'EISDIR':
      return `expected the path of a file; ${path} is a folder`;
    case 'EACCES':
    case 'EPERM':
      return `expected a file that this process may read; it may not read ${path}`;
    default:
      return undefined;
  }
}
