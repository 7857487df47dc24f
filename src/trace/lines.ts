import { CacheCorruptionError } from '../common/error.js';
import type { Batch } from './batch.js';
import { RequestSink } from './sink.js';
import type { Source } from './source.js';

/** A line longer than this is no line of a trace: it must not fill the memory. */
const MAX_LINE_CHARACTERS = 1 << 20;

/** What was wrong with a line: told with the file and the line's number. */
export class BadLine extends Error {}

/** What makes requests of lines. */
export interface LineParser {
  /** At most one request goes into the sink. Throws a `BadLine`. */
  parse(line: string, sink: RequestSink): void;
}

export interface LineOptions {
  /** Leave out lines that cannot be read, and count them, instead of failing at the first. */
  skipBadLines: boolean;
  /** Told of each of them. */
  onSkip(): void;
}

/**
 * The requests of a trace in lines of text, UTF-8, with either end of line. Empty lines and those that begin with `#` are
 * comments.
 *
 * @throws CacheCorruptionError that names the file and the line.
 */
export async function* readLines(source: Source, parser: LineParser, options: LineOptions): AsyncGenerator<Batch> {
  const sink = new RequestSink();
  const decoder = new TextDecoder();
  let rest = '';
  let number = 0;
  const read = (line: string) => {
    number++;
    const text = line.endsWith('\r') ? line.slice(0, -1) : line;
    if (text === '' || text.startsWith('#')) return;
    try {
      parser.parse(text, sink);
    } catch (error) {
      if (!(error instanceof BadLine)) throw error;
      if (!options.skipBadLines) throw damaged(source, number, error.message, error);
      options.onSkip();
    }
  };
  for await (const chunk of source.chunks) {
    const text = rest + decoder.decode(chunk, { stream: true });
    let start = 0;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', start)) {
      read(text.slice(start, end));
      start = end + 1;
      if (!sink.isFull) continue;
      yield sink.batch;
      sink.batch.length = 0;
    }
    rest = text.slice(start);
    if (rest.length > MAX_LINE_CHARACTERS) {
      const expected = `expected a line of at most ${MAX_LINE_CHARACTERS} characters`;
      throw damaged(source, number + 1, `${expected}; it is longer`);
    }
  }
  rest += decoder.decode();
  if (rest !== '') read(rest);
  if (sink.batch.length > 0) yield sink.batch;
}

function damaged(source: Source, line: number, what: string, cause?: unknown): CacheCorruptionError {
  return new CacheCorruptionError(`${source.name}: line ${line}: ${what}`, { cause });
}
