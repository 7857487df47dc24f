import { describe } from '../common/error.js';
import { type Columns, costOf, findColumn, isNumber, sizeOf } from './columns.js';
import { BadLine, type LineParser } from './lines.js';
import type { RequestSink } from './sink.js';

const DELIMITERS = [',', '\t', ';', '|'] as const;

/** Where the key, the size and the cost stand in a row. No size: all are of 1 byte. */
interface Places {
  key: number;
  size: number | undefined;
  cost: number | undefined;
}

/**
 * Rows of `key,size[,time][,cost]`, or in any order under a header, or as the user says. The first line is a header when
 * there is no number where the size should be. Fields may be quoted; a row does not go over the end of a line.
 */
export class CsvParser implements LineParser {
  readonly #columns: Columns;
  #places: Places | undefined;
  #delimiter = ',';

  constructor(columns: Columns = {}) {
    this.#columns = columns;
  }

  /** Whether rows say what a miss costs. */
  get hasCosts(): boolean {
    return this.#places?.cost !== undefined;
  }

  parse(line: string, sink: RequestSink): void {
    if (this.#places === undefined) {
      this.#delimiter = DELIMITERS.find((delimiter) => line.includes(delimiter)) ?? ',';
      const fields = split(line.startsWith('\ufeff') ? line.slice(1) : line, this.#delimiter);
      const numbered = this.#numbered(fields);
      const isHeader = numbered === undefined || !isRow(fields, numbered);
      this.#places = isHeader ? this.#named(fields) : numbered;
      if (isHeader) return;
    }
    this.#add(split(line, this.#delimiter), this.#places, sink);
  }

  #add(fields: string[], { key, size, cost }: Places, sink: RequestSink): void {
    const name = fields[key];
    if (name === undefined || name === '') throw new BadLine(`expected a key in column ${key + 1}; there is none`);
    const bytes = size === undefined ? 1 : sizeOf(fields[size]);
    const price = cost === undefined ? 1 : costOf(fields[cost]);
    sink.add(sink.idOf(name), bytes, price);
  }

  /** The places without a header; `undefined` when the user has named columns. */
  #numbered(fields: readonly string[]): Places | undefined {
    const { key, size, cost } = this.#columns;
    if ([key, size, cost].some((column) => column !== undefined && !/^[1-9]\d*$/.test(column))) return undefined;
    if (key ?? size ?? cost) {
      const place = (column: string | undefined) => (column === undefined ? undefined : Number(column) - 1);
      return { key: place(key) ?? 0, size: place(size), cost: place(cost) };
    }
    return { key: 0, size: fields.length > 1 ? 1 : undefined, cost: isNumber(fields[3] ?? '') ? 3 : undefined };
  }

  #named(names: string[]): Places {
    const place = (role: 'key' | 'size' | 'cost') => {
      const given = this.#columns[role];
      if (given !== undefined && /^[1-9]\d*$/.test(given) && !names.includes(given)) return Number(given) - 1;
      const found = findColumn(role, names, this.#columns);
      if (found !== undefined || (role !== 'key' && given === undefined)) return found;
      const wanted = given === undefined ? 'a header with a key (key, url, path, id …)' : `a column ${describe(given)}`;
      throw new BadLine(`expected ${wanted}; the columns are ${names.map((name) => describe(name)).join(', ')}`);
    };
    return { key: place('key') ?? 0, size: place('size'), cost: place('cost') };
  }
}

/** Whether the first line can be a row: numbers where numbers must be, and a key that is no column's name. */
function isRow(fields: readonly string[], { key, size, cost }: Places): boolean {
  if (size !== undefined) return isNumber(fields[size] ?? '') && (cost === undefined || isNumber(fields[cost] ?? ''));
  return findColumn('key', [fields[key] ?? ''], {}) === undefined;
}

function split(line: string, delimiter: string): string[] {
  if (!line.includes('"')) return line.split(delimiter).map((field) => field.trim());
  const fields: string[] = [];
  let at = 0;
  while (at <= line.length) {
    if (line[at] === '"') {
      let field = '';
      let end = line.indexOf('"', at + 1);
      while (end >= 0 && line[end + 1] === '"') {
        field += line.slice(at + 1, end + 1);
        at = end + 1;
        end = line.indexOf('"', at + 1);
      }
      if (end < 0) throw new BadLine('expected a closing quote; the line ends before it');
      fields.push(field + line.slice(at + 1, end));
      at = end + 1;
      if (at < line.length && line[at] !== delimiter)
        throw new BadLine(`expected ${describe(delimiter)} after a quote`);
    } else {
      const next = line.indexOf(delimiter, at);
      const end = next < 0 ? line.length : next;
      fields.push(line.slice(at, end).trim());
      at = end;
    }
    at++;
  }
  return fields;
}
