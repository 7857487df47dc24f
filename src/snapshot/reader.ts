import zlib from 'node:zlib';
import { CacheCorruptionError } from '../common/error.js';
import { decodeLayout, type Layout } from './entry.js';
import {
  CRC_BYTES,
  decodeHeader,
  ENTRY_MARK,
  FOOTER,
  FOOTER_BYTES,
  FOOTER_MARK,
  HEAD,
  HEAD_BYTES,
  HEADER_BYTES,
  type SnapshotHeader,
} from './format.js';
import { Source } from './source.js';

/** An entry of which head and meta have been read, and its parts are next. */
export interface Frame {
  readonly number: number;
  /** Where it begins in the file. */
  readonly offset: number;
  readonly layout: Layout;
  /** Head and meta; valid until anything else is read. */
  readonly bytes: Buffer;
  readonly partLengths: readonly number[];
}

/**
 * Reads a snapshot from its beginning to its end, any number of times. Nothing is handed out whose checksum has not been
 * seen to match, and no more memory is asked for than the file has bytes left.
 */
export class SnapshotReader {
  #number = 0;
  #sum = 0;
  #crc = 0;
  /** Where the entry begins that is being read. */
  #offset = 0;

  private constructor(
    readonly path: string,
    readonly source: Source,
    readonly header: SnapshotHeader,
  ) {}

  /**
   * Opens a file and reads its header.
   *
   * @throws CacheCorruptionError when it is no snapshot, or one of another version; the system's error when it cannot be
   *   opened.
   */
  static async open(path: string): Promise<SnapshotReader> {
    const source = await Source.open(path);
    try {
      const fail = (offset: number, what: string): never => refuse(path, offset, what);
      if (!(await source.fill(HEADER_BYTES))) {
        fail(0, `expected a snapshot of cachalot, of ${HEADER_BYTES} bytes at least; it has ${source.size}`);
      }
      return new SnapshotReader(path, source, decodeHeader(source.peek(HEADER_BYTES), fail));
    } catch (error) {
      await source.close();
      throw error;
    }
  }

  close(): Promise<void> {
    return this.source.close();
  }

  /** Goes to the first entry. */
  async begin(): Promise<void> {
    await this.source.rewind();
    this.#number = 0;
    this.#sum = 0;
    await this.#need(HEADER_BYTES);
    this.source.skip(HEADER_BYTES);
  }

  /** The next entry, or `undefined` at the end of a file that is whole. Its parts must be read or passed over next. */
  async next(): Promise<Frame | undefined> {
    const { source } = this;
    this.#offset = source.offset;
    if (!source.has(HEAD.crc)) await this.#need(HEAD.crc);
    const mark = source.peek(4).readUInt32LE();
    if (mark === FOOTER_MARK) return this.#end();
    if (mark !== ENTRY_MARK) this.fail('expected the beginning of an entry, or the end');
    if (!source.has(HEAD_BYTES)) await this.#need(HEAD_BYTES);
    const layout = decodeLayout(source.peek(HEAD_BYTES));
    const frameBytes = HEAD_BYTES + layout.metaBytes;
    if (frameBytes + CRC_BYTES + FOOTER_BYTES > source.left) {
      this.fail(`it says that it has ${frameBytes} bytes before its parts; the file ends after ${source.left}`);
    }
    if (!source.has(frameBytes)) await this.#need(frameBytes);
    const bytes = source.peek(frameBytes);
    this.#crc = zlib.crc32(bytes.subarray(HEAD.number), this.header.id);
    if (bytes.readUInt32LE(HEAD.crc) !== this.#crc) this.fail('its checksum does not match');
    const number = bytes.readUInt32LE(HEAD.number);
    if (number !== this.#number) this.fail(`expected the number ${this.#number}; got ${number}`);
    const partLengths = this.#partLengths(bytes, layout);
    source.skip(frameBytes);
    return { number, offset: this.#offset, layout, bytes, partLengths };
  }

  /** Passes over the parts of the entry. */
  async checkParts({ partLengths }: Frame): Promise<void> {
    let crc = this.#crc;
    for (const length of partLengths) crc = await this.source.checksum(length, crc);
    if (crc < 0) this.#short();
    await this.#endParts(crc);
  }

  /** Reads the parts of the entry to where they belong: one target for each, as long as it. */
  async readParts(targets: readonly Uint8Array[]): Promise<void> {
    let crc = this.#crc;
    for (const target of targets) {
      if (!(await this.source.read(target))) this.#short();
      crc = zlib.crc32(target, crc);
    }
    await this.#endParts(crc);
  }

  /** @throws CacheCorruptionError that says what is wrong, and where: with the entry that is being read. */
  fail(what: string, cause?: unknown): never {
    refuse(this.path, this.#offset, `entry ${this.#number}: ${what}`, cause);
  }

  async #endParts(crc: number): Promise<void> {
    const { source } = this;
    if (!source.has(CRC_BYTES)) await this.#need(CRC_BYTES);
    const last = source.peek(CRC_BYTES);
    if (last.readUInt32LE() !== crc) this.fail('the checksum of its binary parts does not match');
    this.#sum = zlib.crc32(last, this.#sum);
    source.skip(CRC_BYTES);
    this.#number++;
  }

  #partLengths(bytes: Buffer, { parts }: Layout): number[] {
    const lengths: number[] = [];
    let left = this.source.left - bytes.length - CRC_BYTES - FOOTER_BYTES;
    for (let i = 0; i < parts; i++) {
      const length = bytes.readUInt32LE(HEAD_BYTES + 4 * i);
      left -= length;
      if (length === 0 || left < 0) this.fail(`part ${i} says that it has ${length} bytes; the file has not`);
      lengths.push(length);
    }
    return lengths;
  }

  async #end(): Promise<undefined> {
    const { source } = this;
    if (!source.has(FOOTER_BYTES)) await this.#need(FOOTER_BYTES);
    const footer = source.peek(FOOTER_BYTES);
    if (footer.readUInt32LE(FOOTER.crc) !== zlib.crc32(footer.subarray(FOOTER.entries), this.header.id)) {
      this.#failEnd('its checksum does not match');
    }
    const entries = footer.readDoubleLE(FOOTER.entries);
    if (entries !== this.#number) this.#failEnd(`expected ${entries} entries; there are ${this.#number}`);
    if (footer.readUInt32LE(FOOTER.sum) !== this.#sum) this.#failEnd('the checksums before do not sum up');
    const bytes = footer.readDoubleLE(FOOTER.bytes);
    if (bytes !== source.size || source.left !== FOOTER_BYTES) {
      this.#failEnd(`expected a file of ${bytes} bytes; it has ${source.size}`);
    }
    return undefined;
  }

  #failEnd(what: string): never {
    refuse(this.path, this.#offset, `the end: ${what}`);
  }

  #short(): never {
    this.fail(`the file ends too early, after ${this.source.size} bytes`);
  }

  async #need(bytes: number): Promise<void> {
    if (!(await this.source.fill(bytes))) this.#short();
  }
}

function refuse(path: string, offset: number, what: string, cause?: unknown): never {
  const text = `restore: ${path}: damaged at byte ${offset}: ${what}`;
  throw new CacheCorruptionError(text, cause === undefined ? {} : { cause });
}
