import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { nameOf, STDIN } from '../trace/source.js';

/**
 * Calls `use` with paths that can be read more than once: standard input is copied to a temporary file, which is gone
 * afterwards.
 */
export async function withFiles<T>(
  paths: readonly string[],
  use: (files: readonly string[]) => Promise<T>,
): Promise<T> {
  if (!paths.includes(STDIN)) return use(paths);
  const folder = await mkdtemp(join(tmpdir(), 'cachalot-'));
  try {
    const file = join(folder, 'stdin');
    await pipeline(process.stdin, createWriteStream(file));
    return await use(paths.map((path) => (path === STDIN ? file : path))).catch((error: unknown) => {
      if (error instanceof Error) error.message = error.message.replaceAll(file, nameOf(STDIN));
      throw error;
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
