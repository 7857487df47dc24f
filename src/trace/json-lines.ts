import { describe } from '../common/error.js';
import { type Columns, costOf, findColumn, sizeOf } from './columns.js';
import { BadLine, type LineParser } from './lines.js';
import type { RequestSink } from './sink.js';

/** One JSON object a line. Which properties are meant is said by the user, or told from the names in the first object. */
export class JsonLinesParser implements LineParser {
  readonly #columns: Columns;
  #names: Columns | undefined;

  constructor(columns: Columns = {}) {
    this.#columns = columns;
  }

  /** Whether objects say what a miss costs. */
  get hasCosts(): boolean {
    return this.#names?.cost !== undefined;
  }

  parse(line: string, sink: RequestSink): void {
    const record = objectOf(line);
    this.#names ??= this.#find(Object.keys(record));
    const { key, size, cost } = this.#names;
    const name = record[key!];
    if ((typeof name !== 'string' && typeof name !== 'number') || name === '') {
      throw new BadLine(`expected a string or a number as '${key}'; got ${describe(name)}`);
    }
    const bytes = size === undefined ? 1 : sizeOf(record[size]);
    const price = cost === undefined ? 1 : costOf(record[cost]);
    sink.add(sink.idOf(String(name)), bytes, price);
  }

  #find(names: string[]): Columns {
    const found: Columns = {};
    for (const role of ['key', 'size', 'cost'] as const) {
      const index = findColumn(role, names, this.#columns);
      if (index !== undefined) found[role] = names[index]!;
      else if (role === 'key' || this.#columns[role] !== undefined) {
        const wanted = this.#columns[role] ?? 'key, url, path, id …';
        throw new BadLine(`expected a property for the ${role} (${wanted}); there are ${names.join(', ') || 'none'}`);
      }
    }
    return found;
  }
}

function objectOf(line: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    throw new BadLine(`expected a JSON object; ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new BadLine(`expected a JSON object; got ${describe(value)}`);
}
