import { parseArgs } from 'node:util';
import { parseColumns } from '../trace/columns.js';
import { TRACE_FORMATS, type TraceFormat, type TraceOptions } from '../trace/trace.js';

/** The command line is at fault: a message, and exit code 2. */
export class UsageError extends Error {}

/** What a miss may cost. */
export const COSTS = ['requests', 'bytes', 'balanced', 'measured'] as const;

/** More are no faster on any machine, and each reads the trace for itself. */
const MOST_THREADS = 64;

type Options = Record<string, { type: 'string' | 'boolean'; multiple?: boolean; short?: string }>;

/** The options that tell how traces are read. */
export const TRACE_OPTIONS = {
  format: { type: 'string' },
  columns: { type: 'string' },
  'skip-bad-lines': { type: 'boolean' },
} as const satisfies Options;

export const TRACE_HELP = `  --format F           binary, csv, jsonl or log; told from the first bytes otherwise
  --columns C          where CSV and JSON have what: key=url,size=bytes,cost=ms, names or
                       numbers from 1 on; told from the names otherwise
  --skip-bad-lines     leave out lines that cannot be read instead of failing`;

/** @throws UsageError */
export function parseArguments<O extends Options>(args: string[], options: O) {
  try {
    return parseArgs({ args, options, allowPositionals: true, strict: true });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

/** What was given for the options of `TRACE_OPTIONS`. */
interface GivenTraceOptions {
  format?: string | undefined;
  columns?: string | undefined;
  'skip-bad-lines'?: boolean | undefined;
}

/** @throws UsageError */
export function traceOptions({ format, columns, 'skip-bad-lines': skipBadLines }: GivenTraceOptions): TraceOptions {
  return {
    format: format === undefined ? undefined : oneOf<TraceFormat>('--format', format, TRACE_FORMATS),
    columns: columns === undefined ? undefined : asUsage(() => parseColumns(columns)),
    skipBadLines,
  };
}

/** A whole number from 1 to 64. @throws UsageError */
export function countOf(option: string, given: string | undefined, fallback: number): number {
  if (given === undefined) return fallback;
  if (/^\d+$/.test(given) && Number(given) >= 1 && Number(given) <= MOST_THREADS) return Number(given);
  throw new UsageError(`${option}: expected a whole number from 1 to ${MOST_THREADS}; got '${given}'`);
}

/** A list, separated by commas or given as several options, without doubles; `fallback` when nothing is given. */
export function listOf<T extends string>(
  option: string,
  given: readonly string[] | undefined,
  allowed: readonly T[],
  fallback: readonly T[],
): readonly T[] {
  if (given === undefined) return fallback;
  return split(option, given).map((item) => oneOf(option, item, allowed));
}

/** @throws UsageError for an empty item. */
export function split(option: string, given: readonly string[]): string[] {
  const items = given.flatMap((list) => list.split(',')).map((item) => item.trim());
  if (items.includes('')) throw new UsageError(`${option}: expected values separated by commas; one is empty`);
  return [...new Set(items)];
}

/** What is wrong with a value is wrong with the command line. */
export function asUsage<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

/** @throws UsageError when there are none, or one that can be read once is named twice. */
export function checkTraces(command: string, paths: readonly string[]): void {
  if (paths.length === 0)
    throw new UsageError(`${command}: expected one trace or more, - for standard input; got none`);
  if (paths.filter((path) => path === '-').length > 1) throw new UsageError(`${command}: expected - once at most`);
}

function oneOf<T extends string>(option: string, value: string, allowed: readonly T[]): T {
  const found = allowed.find((candidate) => candidate === value);
  if (found !== undefined) return found;
  throw new UsageError(`${option}: expected ${allowed.join(', ')}; got '${value}'`);
}
