import { CacheConfigError, describe } from '../common/error.js';
import { BadLine } from './lines.js';

/** What a column of a trace can mean. `time` and `-` are passed over. */
const ROLES = ['key', 'size', 'cost'] as const;
type Role = (typeof ROLES)[number];

/** role → the name of a column, or its number from 1 on. */
export type Columns = Partial<Record<Role, string>>;

/** The names by which columns are known, the better ones first; case, spaces, `-` and `_` do not matter. */
const NAMES: Record<Role, readonly string[]> = {
  key: ['key', 'objid', 'objectid', 'object', 'obj', 'url', 'uri', 'path', 'file', 'name', 'block', 'lba', 'id'],
  size: ['size', 'objsize', 'objectsize', 'bytes', 'contentlength', 'length', 'valuesize', 'len'],
  cost: ['cost', 'loadms', 'loadtime', 'latency', 'latencyms', 'duration', 'durationms', 'ms'],
};

/**
 * What the user says of the columns: `key=url,size=bytes,cost=ms`, each a name or a number from 1 on.
 *
 * @throws CacheConfigError
 */
export function parseColumns(text: string): Columns {
  const columns: Columns = {};
  for (const part of text.split(',')) {
    const at = part.indexOf('=');
    const role = ROLES.find((known) => known === part.slice(0, at).trim());
    const column = part.slice(at + 1).trim();
    if (role === undefined || column === '' || columns[role] !== undefined) {
      throw new CacheConfigError(
        `columns: expected key=…, size=… and cost=…, each once, a name or a number from 1 on; got ${describe(text)}`,
      );
    }
    columns[role] = column;
  }
  return columns;
}

/** Which of the names is the column of a role; `undefined` for none. */
export function findColumn(role: Role, names: readonly string[], columns: Columns): number | undefined {
  const given = columns[role];
  if (given !== undefined) {
    const index = names.indexOf(given);
    return index >= 0 ? index : undefined;
  }
  const known = names.map((name) => name.toLowerCase().replace(/[\s_-]/g, ''));
  for (const name of NAMES[role]) if (known.includes(name)) return known.indexOf(name);
  return undefined;
}

const WHOLE = /^\d+$/;
const DECIMAL = /^\d+(\.\d+)?(e[+-]?\d+)?$/i;

export function isNumber(text: string): boolean {
  return DECIMAL.test(text);
}

/** @throws BadLine for what is no whole number of bytes. */
export function sizeOf(value: unknown): number {
  const size = typeof value === 'string' && WHOLE.test(value) ? Number(value) : value;
  if (typeof size === 'number' && Number.isSafeInteger(size) && size >= 0) return size;
  throw new BadLine(`expected a whole number of bytes as the size; got ${describe(value)}`);
}

/** @throws BadLine for what is no number, 0 or more. */
export function costOf(value: unknown): number {
  const cost = typeof value === 'string' && DECIMAL.test(value) ? Number(value) : value;
  if (typeof cost === 'number' && cost >= 0 && cost < Number.POSITIVE_INFINITY) return cost;
  throw new BadLine(`expected a number, 0 or more, as the cost; got ${describe(value)}`);
}
