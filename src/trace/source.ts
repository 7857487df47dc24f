import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { CacheConfigError, CacheCorruptionError, CacheError } from '../common/error.js';

const CHUNK_BYTES = 256 * 1024;

/** The path that stands for standard input. */
export const STDIN = '-';

/** The bytes of a trace, unpacked, and how far reading has come. */
export interface Source {
  /** For messages. */
  readonly name: string;
  readonly chunks: AsyncIterable<Buffer>;
  /** Bytes of the file as it lies there that have been read so far. */
  readonly position: number;
}

/**
 * Opens a file, or standard input as `-`. What is gzip, by its first bytes and not by its name, is unpacked on the way.
 *
 * @throws CacheConfigError for a file that cannot be read; CacheCorruptionError, from the chunks, for damaged gzip.
 */
export function openSource(path: string): Source {
  const name = nameOf(path);
  const raw: Readable = path === STDIN ? process.stdin : createReadStream(path, { highWaterMark: CHUNK_BYTES });
  const source = { name, position: 0, chunks: unpacked() };
  return source;

  async function* counted(): AsyncGenerator<Buffer> {
    try {
      for await (const chunk of raw as AsyncIterable<Buffer>) {
        source.position += chunk.length;
        yield chunk;
      }
    } catch (cause) {
      throw unreadable(name, cause);
    }
  }

  async function* unpacked(): AsyncGenerator<Buffer> {
    const chunks = counted();
    const head: Buffer[] = [];
    let length = 0;
    // The two bytes that tell gzip may come one by one.
    while (length < 2) {
      const { value, done } = await chunks.next();
      if (done) break;
      head.push(value);
      length += value.length;
    }
    const first = Buffer.concat(head);
    if (first[0] === 0x1f && first[1] === 0x8b) yield* gunzipped(name, first, chunks);
    else {
      if (first.length > 0) yield first;
      yield* chunks;
    }
  }
}

/** Bytes of the file as it lies there; `undefined` where that is not known. */
export async function sourceBytes(path: string): Promise<number | undefined> {
  if (path === STDIN) return undefined;
  try {
    const { size } = await stat(path);
    return size > 0 ? size : undefined;
  } catch (cause) {
    throw unreadable(nameOf(path), cause);
  }
}

async function* gunzipped(name: string, first: Buffer, rest: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  const gunzip = createGunzip({ chunkSize: CHUNK_BYTES });
  // What fails on the way destroys the last of the line with the same error: it is met below.
  pipeline(Readable.from(joined(first, rest), { objectMode: false }), gunzip, () => undefined);
  let unpacked = 0;
  try {
    for await (const chunk of gunzip as AsyncIterable<Buffer>) {
      unpacked += chunk.length;
      yield chunk;
    }
  } catch (cause) {
    if (cause instanceof CacheError) throw cause;
    const what = `damaged after ${unpacked} bytes unpacked: ${messageOf(cause)}`;
    throw new CacheCorruptionError(`${name}: expected gzip; it is ${what}`, { cause });
  }
}

async function* joined(first: Buffer, rest: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  yield first;
  yield* rest;
}

/** For messages. */
export function nameOf(path: string): string {
  return path === STDIN ? 'standard input' : path;
}

function unreadable(name: string, cause: unknown): CacheConfigError {
  return new CacheConfigError(`${name}: expected a file that can be read; ${messageOf(cause)}`, { cause });
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
