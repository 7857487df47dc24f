import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { build } from 'tsup';

/**
 * What wraps around, overflows or is rebuilt is to do so within a few steps: generations of 3 bits, rows of 4 pins, rings
 * of 4 uses, an index of 8 buckets, a near table of 2 keys, insertion numbers whose low half is
 * one bit wide, hashes of 4 bits; and every other removal leaves a tombstone. There is but one
 * clock, and a thread has ended when the checker says so.
 */
export const NARROWINGS = [
  { file: 'src/arena/layout.ts', old: 'MAX_THREADS = 256;', now: 'MAX_THREADS = 16;' },
  { file: 'src/arena/layout.ts', old: 'PINS_PER_ROW = 1024;', now: 'PINS_PER_ROW = 4;' },
  { file: 'src/arena/layout.ts', old: 'RING_ENTRIES = 1024;', now: 'RING_ENTRIES = 4;' },
  { file: 'src/arena/layout.ts', old: 'GENERATION_BITS = 29;', now: 'GENERATION_BITS = 3;' },
  { file: 'src/arena/layout.ts', old: 'FIRST_INDEX_LOG = 8;', now: 'FIRST_INDEX_LOG = 3;' },
  { file: 'src/arena/layout.ts', old: 'MIN_SLOTS = 1024;', now: 'MIN_SLOTS = 64;' },
  { file: 'src/arena/layout.ts', old: 'NUMBER_HIGH = 2 ** 31;', now: 'NUMBER_HIGH = 2;' },
  { file: 'src/arena/key-index.ts', old: 'ROOM_AFTER_REBUILD = 4;', now: 'ROOM_AFTER_REBUILD = 2;' },
  {
    file: 'src/arena/key-index.ts',
    old: 'const last = this.#words[next] === BUCKET_EMPTY;',
    now: 'const last = this.#words[next] === BUCKET_EMPTY && (slot & 1) === 0;',
  },
  { file: 'src/arena/near-table.ts', old: 'const ENTRIES = ', now: 'const ENTRIES = 2 + 0 * ' },
  {
    file: 'src/common/hash.ts',
    old: 'return finalize(foldUnits(key, key.length, seed | 0) ^ key.length);',
    now: 'return (finalize(foldUnits(key, key.length, seed | 0) ^ key.length) & 0x80000007) >>> 0;',
  },
  {
    file: 'src/arena/os-thread.ts',
    old: 'export function hasEnded({ id, startedAt }: OsThread): boolean {',
    now: "export function hasEnded({ id, startedAt }: OsThread): boolean {\n  if (startedAt === '1') return id === 'ended';",
  },
  // What WebAssembly does nobody sees: an ordered store that the checker sees takes its place.
  {
    file: 'src/arena/barrier.ts',
    old: 'export function compiledBarrier(): (() => void) | undefined {',
    now: 'export function compiledBarrier(): (() => void) | undefined {\n  const own = new Int32Array(1);\n  return () => void Atomics.store(own, 0, 0);',
  },
  { file: 'src/common/clock.ts', old: 'return performance.now() + origin;', now: 'return performance.now();' },
];

const root = resolve(import.meta.dirname, '../..');

/**
 * Builds the checker together with the arena, narrow, into a folder; `mutation` is a change of one source file on the way.
 * Gives the path of the module.
 *
 * @param {string} folder below the root
 * @param {{ file: string, old: string, now: string }} [mutation]
 */
export async function buildChecker(folder, mutation) {
  const change = {
    name: 'changes',
    setup(steps) {
      steps.onLoad({ filter: /\.ts$/ }, async ({ path }) => {
        const own = [...NARROWINGS, ...(mutation ? [mutation] : [])].filter(({ file }) => path === join(root, file));
        if (own.length === 0) return undefined;
        return { contents: own.reduce(mutated, await readFile(path, 'utf8')), loader: 'ts' };
      });
    },
  };
  await build({
    config: false,
    entry: { checker: join(root, 'tests/checker/run.ts') },
    outDir: join(root, folder),
    format: ['esm'],
    outExtension: () => ({ js: '.mjs' }),
    target: 'node20',
    platform: 'node',
    dts: false,
    silent: true,
    sourcemap: mutation === undefined,
    esbuildPlugins: [change],
    esbuildOptions(options) {
      options.minifySyntax = true;
    },
  });
  return join(root, folder, 'checker.mjs');
}

/**
 * @param {string} text
 * @param {{ file: string, old: string, now: string }} mutation
 */
export function mutated(text, { file, old, now }) {
  const parts = text.split(old);
  if (parts.length !== 2)
    throw new Error(`${file}: expected this text once, found it ${parts.length - 1} times:\n${old}`);
  return parts.join(now);
}
