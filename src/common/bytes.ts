import { CacheConfigError, describe } from './error.js';
import { usableMemory } from './memory.js';

/**
 * A size in bytes: `1048576`, `'512MiB'`, `'2gb'`, `'25%'`. `kb mb gb tb` are powers of 1000, `KiB MiB GiB TiB` powers
 * of 1024, both in any case; `%` is of the memory that the process may use.
 */
export type Bytes = number | string;

const UNIT_BYTES: Record<string, number> = {
  b: 1,
  byte: 1,
  bytes: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  tib: 2 ** 40,
};

const PATTERN = /^(\d+(?:\.\d+)?|\.\d+)\s*(%|[a-z]+)$/i;
const EXPECTED = "a positive number of bytes, or a string such as '512MiB', '2gb' or '25%'";

/**
 * Bytes of a `Bytes`, rounded down to a whole number. A percentage is of what `memory` answers.
 *
 * @throws CacheConfigError for zero, negatives, `NaN`, `Infinity`, percentages above 100, and what is no size.
 */
export function parseBytes(value: unknown, name: string, memory = usableMemory): number {
  const bytes = typeof value === 'number' ? value : typeof value === 'string' ? parse(value, memory) : Number.NaN;
  const whole = Math.floor(bytes);
  if (whole >= 1 && whole <= Number.MAX_SAFE_INTEGER) return whole;
  const expected = percentageOf(value) === undefined ? EXPECTED : "a percentage above 0 and up to '100%'";
  throw new CacheConfigError(`${name}: expected ${expected}; got ${describe(value)}`);
}

/** The number of a percentage; `undefined` for what is none. */
export function percentageOf(value: unknown): number | undefined {
  const match = typeof value === 'string' ? PATTERN.exec(value.trim()) : null;
  return match?.[2] === '%' ? Number(match[1]) : undefined;
}

function parse(text: string, memory: () => number): number {
  const match = PATTERN.exec(text.trim());
  if (!match) return Number.NaN;
  const amount = Number(match[1]);
  if (match[2] === '%') return amount <= 100 ? (memory() * amount) / 100 : Number.NaN;
  return amount * (UNIT_BYTES[match[2]!.toLowerCase()] ?? Number.NaN);
}

/** A size for people: `1.5 GiB`. */
export function formatBytes(bytes: number): string {
  if (!Number.isFinite(bytes)) return String(bytes);
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let rest = bytes;
  let unit = 0;
  while (Math.abs(rest) >= 1024 && unit < units.length - 1) {
    rest /= 1024;
    unit++;
  }
  return `${unit === 0 || rest >= 100 ? Math.round(rest) : rest.toFixed(1)} ${units[unit]}`;
}
