import { randomBytes } from 'node:crypto';
import { type FileHandle, open, rename, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import zlib from 'node:zlib';
import type { EncodedValue } from '../codec/index.js';
import { CacheSerializationError, describe } from '../common/error.js';
import { type EntryFacts, encodeEntry } from './entry.js';
import {
  CRC_BYTES,
  ENTRY_MARK,
  encodeHeader,
  FOOTER,
  FOOTER_BYTES,
  FOOTER_MARK,
  HEAD,
  type SnapshotKind,
} from './format.js';
import type { TimeStamp } from './time.js';

const CHUNK_BYTES = 2 ** 20;

/**
 * Writes a snapshot: into a temporary file in the same folder, which takes the place of what was there when everything
 * is on the disk. Whoever opens the path sees the old file or the new one, whole.
 *
 * All bytes are copied before their checksum is made, and what was copied is written: a value that is changed meanwhile
 * may be stored as something in between, but the file is never damaged by it.
 */
export class SnapshotWriter {
  /** Entries written. */
  count = 0;
  readonly #id = randomBytes(4).readUInt32LE();
  #chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  #spare = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  #filled = 0;
  /** Bytes so far, those of the chunk included. */
  #bytes = 0;
  #sum = 0;
  #writing: Promise<void> = Promise.resolve();
  #failure: { error: unknown } | undefined;

  private constructor(
    readonly path: string,
    readonly temporary: string,
    readonly file: FileHandle,
  ) {}

  /** Opens the temporary file. Rejects with the system's error when that cannot be. */
  static async create(path: string, kind: SnapshotKind, savedAt: TimeStamp): Promise<SnapshotWriter> {
    const suffix = `${process.pid}-${randomBytes(6).toString('hex')}.tmp`;
    const temporary = join(dirname(path), `.${basename(path)}.${suffix}`);
    const writer = new SnapshotWriter(path, temporary, await open(temporary, 'wx'));
    await writer.#put(encodeHeader(kind, savedAt, writer.#id));
    return writer;
  }

  /** @throws CacheSerializationError for a key that cannot be stored. */
  async add(facts: EntryFacts, value: EncodedValue): Promise<void> {
    const frame = this.#frame(facts, value);
    const crc = zlib.crc32(frame.subarray(HEAD.number), this.#id);
    frame.writeUInt32LE(ENTRY_MARK, HEAD.mark);
    frame.writeUInt32LE(crc, HEAD.crc);
    await this.#put(frame);
    const last = Buffer.allocUnsafe(CRC_BYTES);
    let partsCrc = crc;
    for (const part of value.parts) partsCrc = await this.#putPart(part, partsCrc, facts.key);
    last.writeUInt32LE(partsCrc);
    await this.#put(last);
    this.#sum = zlib.crc32(last, this.#sum);
    this.count++;
  }

  /** Ends the file and puts it in its place. */
  async finish(): Promise<void> {
    const footer = Buffer.alloc(FOOTER_BYTES);
    footer.writeDoubleLE(this.count, FOOTER.entries);
    footer.writeDoubleLE(this.#bytes + FOOTER_BYTES, FOOTER.bytes);
    footer.writeUInt32LE(this.#sum, FOOTER.sum);
    footer.writeUInt32LE(zlib.crc32(footer.subarray(FOOTER.entries), this.#id), FOOTER.crc);
    footer.writeUInt32LE(FOOTER_MARK, FOOTER.mark);
    await this.#put(footer);
    await this.#flush();
    await this.#settled();
    await this.file.sync();
    await this.file.close();
    await rename(this.temporary, this.path);
    await syncFolder(dirname(this.path));
  }

  /** Removes the temporary file. Never rejects: there is an error on its way already. */
  async abort(): Promise<void> {
    await this.#writing;
    await this.file.close().catch(() => undefined);
    await unlink(this.temporary).catch(() => undefined);
  }

  #frame(facts: EntryFacts, value: EncodedValue): Buffer {
    try {
      return encodeEntry(facts, this.count, value);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new CacheSerializationError(`save: key ${describe(facts.key)}: ${reason}`, { key: facts.key, cause });
    }
  }

  async #put(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; ) at += this.#copy(bytes, at) || (await this.#flush());
  }

  async #putPart(part: Uint8Array, crc: number, key: unknown): Promise<number> {
    const length = part.byteLength;
    let sum = crc;
    for (let at = 0; at < length; ) {
      if (part.byteLength !== length) {
        const text = `save: key ${describe(key)}: expected its buffers to stay until they are written; one was detached`;
        throw new CacheSerializationError(text, { key });
      }
      const copied = this.#copy(part, at);
      sum = zlib.crc32(this.#chunk.subarray(this.#filled - copied, this.#filled), sum);
      at += copied;
      if (copied === 0) await this.#flush();
    }
    return sum;
  }

  /** Copies what there is room for into the chunk; how much that was. */
  #copy(bytes: Uint8Array, at: number): number {
    const length = Math.min(bytes.length - at, CHUNK_BYTES - this.#filled);
    this.#chunk.set(at === 0 && length === bytes.length ? bytes : bytes.subarray(at, at + length), this.#filled);
    this.#filled += length;
    this.#bytes += length;
    return length;
  }

  /** Begins to write the chunk, once the one before is written; the next is filled meanwhile. Answers 0. */
  async #flush(): Promise<0> {
    await this.#settled();
    const full = this.#chunk.subarray(0, this.#filled);
    [this.#chunk, this.#spare] = [this.#spare, this.#chunk];
    this.#filled = 0;
    this.#writing = writeAll(this.file, full).catch((error: unknown) => {
      this.#failure = { error };
    });
    return 0;
  }

  async #settled(): Promise<void> {
    await this.#writing;
    if (this.#failure) throw this.#failure.error;
  }
}

async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; ) at += (await file.write(bytes, at)).bytesWritten;
}

/** So that the new name outlives a power failure, where a folder can be synchronized. */
async function syncFolder(path: string): Promise<void> {
  try {
    const folder = await open(path, 'r');
    await folder.sync().finally(() => folder.close());
  } catch {
    return; // Windows, and some file systems, do not do that; the file itself is on the disk.
  }
}
