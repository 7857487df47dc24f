import { CacheConfigError, type ConfigIssue } from '../common/error.js';

/** A mistake, and the keys that lead to it. */
export interface Mistake {
  keys: readonly string[];
  /** What was expected, and what came. */
  message: string;
}

/** `caches.thumbnails.share`; `caches["my tiles"].ttl` */
export function pathOf(keys: readonly string[]): string {
  return keys
    .map((key, depth) =>
      /^[\p{L}_$][\p{L}\p{N}_$-]*$/u.test(key) ? `${depth === 0 ? '' : '.'}${key}` : `[${JSON.stringify(key)}]`,
    )
    .join('');
}

/** What a check of an option complains about, without the name of the option before it; `undefined` when it is content. */
export function complaintOf(check: () => unknown): string | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    if (!(error instanceof CacheConfigError)) throw error;
    return error.message.slice(error.message.indexOf(': ') + 2);
  }
}

/** All mistakes of a configuration as one error. */
export function configError(origin: string, mistakes: readonly Mistake[]): CacheConfigError {
  const issues: ConfigIssue[] = mistakes.map(({ keys, message }) => ({ path: pathOf(keys), message }));
  const lines = issues.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`));
  const text =
    lines.length === 1
      ? `${origin}: ${lines[0]}`
      : `${origin}: expected a configuration; got one with ${lines.length} mistakes:\n${lines.map((line) => `  - ${line}`).join('\n')}`;
  return new CacheConfigError(text, { issues });
}
