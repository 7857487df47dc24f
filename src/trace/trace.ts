import { AccessLogParser, isAccessLog } from './access-log.js';
import type { Batch } from './batch.js';
import { readBinary } from './binary.js';
import type { Columns } from './columns.js';
import { CsvParser } from './csv.js';
import { JsonLinesParser } from './json-lines.js';
import { readLines } from './lines.js';
import { checkPlausible } from './plausible.js';
import { openSource, type Source } from './source.js';

export const TRACE_FORMATS = ['binary', 'csv', 'jsonl', 'log'] as const;
export type TraceFormat = (typeof TRACE_FORMATS)[number];

export interface TraceOptions {
  /** Default: told from the first bytes. */
  format?: TraceFormat | undefined;
  /** Which columns of CSV, or properties of JSON, are meant. Default: told from the header, or the first object. */
  columns?: Columns | undefined;
  /** Leave out lines that cannot be read instead of failing at the first. Default: false. */
  skipBadLines?: boolean | undefined;
}

/** Enough to tell the format by. */
const SNIFF_BYTES = 4096;

/** A trace that is being read. */
export class Trace {
  /** Lines left out so far. */
  skipped = 0;
  /** Whether the trace says what a miss costs; known after the first batch. */
  hasCosts = false;
  /** The requests, in order; each batch is valid until the next step. To be read once. */
  readonly batches: AsyncGenerator<Batch>;
  readonly #source: Source;
  readonly #options: TraceOptions;

  constructor(source: Source, options: TraceOptions = {}) {
    this.#source = source;
    this.#options = options;
    this.batches = this.#read();
  }

  /** Bytes of the file as it lies there that have been read so far. */
  get position(): number {
    return this.#source.position;
  }

  async *#read(): AsyncGenerator<Batch> {
    const [head, chunks] = await sniff(this.#source.chunks);
    const { name } = this.#source;
    const source: Source = { name, chunks, position: 0 };
    const format = this.#options.format ?? formatOf(head, name);
    if (this.#options.format === undefined) checkPlausible(head, format === 'binary', name);
    if (format === 'binary') {
      yield* readBinary(source);
      return;
    }
    const parser = parserFor(format, this.#options.columns);
    const { skipBadLines = false } = this.#options;
    for await (const batch of readLines(source, parser, { skipBadLines, onSkip: () => this.skipped++ })) {
      this.hasCosts = parser.hasCosts;
      yield batch;
    }
  }
}

/** Opens a trace: a path, or `-` for standard input; gzip or not, in any of the formats. */
export function openTrace(path: string, options: TraceOptions = {}): Trace {
  return new Trace(openSource(path), options);
}

function parserFor(format: Exclude<TraceFormat, 'binary'>, columns: Columns | undefined) {
  if (format === 'csv') return new CsvParser(columns);
  return format === 'jsonl' ? new JsonLinesParser(columns) : new AccessLogParser();
}

/** The first bytes, and all chunks, these included. */
async function sniff(chunks: AsyncIterable<Buffer>): Promise<[Buffer, AsyncGenerator<Buffer>]> {
  const iterator = chunks[Symbol.asyncIterator]();
  let head: Buffer = Buffer.alloc(0);
  while (head.length < SNIFF_BYTES) {
    const { value, done } = await iterator.next();
    if (done) break;
    head = head.length === 0 ? value : Buffer.concat([head, value]);
  }
  async function* all(): AsyncGenerator<Buffer> {
    if (head.length > 0) yield head;
    yield* { [Symbol.asyncIterator]: () => iterator };
  }
  return [head.subarray(0, SNIFF_BYTES), all()];
}

/** A trace of records has bytes that no text has; the lines of a text tell the rest. */
function formatOf(head: Buffer, name: string): TraceFormat {
  if (head.includes(0) || /\.bin(\.gz)?$/.test(name)) return 'binary';
  const lines = head
    .toString('utf8')
    .replace(/^\ufeff/, '')
    .split(/\r?\n/);
  const first = lines.find((line) => line !== '' && !line.startsWith('#')) ?? '';
  if (first.startsWith('{')) return 'jsonl';
  return isAccessLog(first) ? 'log' : 'csv';
}
