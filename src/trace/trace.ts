import type { Batch } from './batch.js';
import { readBinary } from './binary.js';
import { openSource, type Source } from './source.js';

/** A trace that is being read. */
export interface Trace {
  readonly source: Source;
  /** The requests, in order; each batch is valid until the next step. */
  readonly batches: AsyncIterable<Batch>;
}

/** Opens a trace: a path, or `-` for standard input. */
export function openTrace(path: string): Trace {
  const source = openSource(path);
  return { source, batches: readBinary(source) };
}
