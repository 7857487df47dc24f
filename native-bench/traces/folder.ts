/**
 * Recorded requests, brought into the one form in which measured processes read them. Runs in the harness only: it uses
 * the very readers of `cachalot simulate`.
 */

import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openTrace } from '../../src/trace/trace.js';
import { isReference } from './reference.js';

/** A trace, as two numbers a request, object and bytes: float64 of this machine. */
export interface TraceColumns {
  /** The file's name without its endings. */
  name: string;
  file: string;
}

export interface TraceFolder {
  traces: TraceColumns[];
  /** Tables of what other policies reach on these traces. */
  references: string[];
  /** Removes what was written. */
  close(): void;
}

const TRACE = /^(.+?)\.(bin|csv|tsv|jsonl|ndjson|log)(\.gz)?$/;

/**
 * Reads all traces of a folder: files whose names end as their format is called (`bin csv tsv jsonl ndjson log`, with `.gz`
 * or not). A CSV with the header of a reference table is none. Throws a `TypeError` when there is nothing.
 */
export async function readFolder(folder: string): Promise<TraceFolder> {
  const temporary = mkdtempSync(join(tmpdir(), 'cachalot-bench-'));
  const close = (): void => rmSync(temporary, { recursive: true, force: true });
  try {
    const found: TraceFolder = { traces: [], references: [], close };
    for (const file of readdirSync(folder).sort()) {
      const path = join(folder, file);
      const name = TRACE.exec(file)?.[1];
      if (name === undefined) continue;
      if (isReference(path)) {
        found.references.push(path);
        continue;
      }
      const columns = join(temporary, file);
      writeFileSync(columns, await columnsOf(path));
      found.traces.push({ name, file: columns });
    }
    if (found.traces.length > 0) return found;
    throw new TypeError(
      `--traces: expected a folder with traces (*.bin, *.csv, *.jsonl, *.log, .gz or not): ${folder}`,
    );
  } catch (error) {
    close();
    throw error;
  }
}

async function columnsOf(path: string): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const { ids, sizes, length } of openTrace(path).batches) {
    const part = new Float64Array(2 * length);
    for (let i = 0; i < length; i++) {
      part[2 * i] = ids[i]!;
      part[2 * i + 1] = sizes[i]!;
    }
    parts.push(Buffer.from(part.buffer));
  }
  return Buffer.concat(parts);
}
