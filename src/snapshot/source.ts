import { type FileHandle, open } from 'node:fs/promises';
import zlib from 'node:zlib';

const CHUNK_BYTES = 2 ** 20;
/** Room before a chunk for what is left of the one before, so that what crosses the border lies in one piece. */
const HEADROOM = 64 * 1024;

/**
 * A file read from its beginning to its end, through a window. While a chunk is worked on the next one is read; what is
 * asked for in one piece and is larger gets a window of its own.
 */
export class Source {
  readonly #chunks = [chunk(), chunk()] as const;
  /** The chunk that is read into, and how many bytes it has got: 0 at the end of the file. */
  #turn: 0 | 1 = 0;
  #ahead: Promise<{ bytes: number; error?: unknown }> | undefined;
  #window: Buffer = this.#chunks[1];
  #start = 0;
  #end = 0;
  /** Of the window's end in the file. */
  #position = 0;

  private constructor(
    readonly file: FileHandle,
    readonly size: number,
  ) {}

  /** Rejects with the system's error when the file cannot be opened. */
  static async open(path: string): Promise<Source> {
    const file = await open(path, 'r');
    try {
      return new Source(file, (await file.stat()).size);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.#ahead;
    await this.file.close();
  }

  /** Where the next byte lies in the file. */
  get offset(): number {
    return this.#position - (this.#end - this.#start);
  }

  /** Bytes that are left of the file, as long as it was when it was opened. */
  get left(): number {
    return this.size - this.offset;
  }

  /** Begins again. */
  async rewind(): Promise<void> {
    await this.#ahead;
    this.#ahead = undefined;
    this.#start = 0;
    this.#end = 0;
    this.#position = 0;
  }

  /** Whether so many bytes can be had without waiting. */
  has(length: number): boolean {
    return this.#end - this.#start >= length;
  }

  /** Reads until so many bytes lie in the window; `false` when the file ends before. */
  async fill(length: number): Promise<boolean> {
    while (this.#end - this.#start < length) {
      this.#ahead ??= this.#readAhead();
      const { bytes, error } = await this.#ahead;
      this.#ahead = undefined;
      if (error !== undefined) throw error;
      if (bytes === 0) return false;
      this.#take(this.#chunks[this.#turn], bytes, length);
      this.#position += bytes;
      this.#turn = this.#turn === 0 ? 1 : 0;
      this.#ahead = this.#readAhead();
    }
    return true;
  }

  /** The next bytes, which are there, and stay where they are; valid until the window is filled again. */
  peek(length: number): Buffer {
    return this.#window.subarray(this.#start, this.#start + length);
  }

  /** Goes on by so many bytes, which are there. */
  skip(length: number): void {
    this.#start += length;
  }

  /** Takes what comes next to where it belongs; `false` when the file ends before. */
  async read(target: Uint8Array): Promise<boolean> {
    for (let at = 0; at < target.byteLength; ) {
      if (!this.has(1) && !(await this.fill(1))) return false;
      const bytes = this.peek(Math.min(target.byteLength - at, this.#end - this.#start));
      target.set(bytes, at);
      this.#start += bytes.length;
      at += bytes.length;
    }
    return true;
  }

  /** The checksum of the next bytes, which are passed over; -1 when the file ends before. */
  async checksum(length: number, crc: number): Promise<number> {
    let sum = crc;
    for (let left = length; left > 0; ) {
      if (!this.has(1) && !(await this.fill(1))) return -1;
      const bytes = this.peek(Math.min(left, this.#end - this.#start));
      sum = zlib.crc32(bytes, sum);
      this.#start += bytes.length;
      left -= bytes.length;
    }
    return sum;
  }

  async #readAhead(): Promise<{ bytes: number; error?: unknown }> {
    try {
      const target = this.#chunks[this.#turn];
      return { bytes: (await this.file.read(target, HEADROOM, CHUNK_BYTES, this.#position)).bytesRead };
    } catch (error) {
      return { bytes: 0, error };
    }
  }

  /** Makes a chunk the window, behind what is left; or adds it to a window that can hold all that is wanted. */
  #take(next: Buffer, bytes: number, wanted: number): void {
    const held = this.#end - this.#start;
    if (held <= HEADROOM && held + bytes >= wanted) {
      this.#window.copy(next, HEADROOM - held, this.#start, this.#end);
      this.#window = next;
      this.#start = HEADROOM - held;
      this.#end = HEADROOM + bytes;
      return;
    }
    const hasRoom = this.#end + bytes <= this.#window.length && !this.#chunks.includes(this.#window);
    const window = hasRoom ? this.#window : Buffer.allocUnsafeSlow(Math.max(wanted, held) + CHUNK_BYTES);
    if (!hasRoom) {
      this.#window.copy(window, 0, this.#start, this.#end);
      this.#window = window;
      this.#start = 0;
      this.#end = held;
    }
    next.copy(window, this.#end, HEADROOM, HEADROOM + bytes);
    this.#end += bytes;
  }
}

function chunk(): Buffer {
  return Buffer.allocUnsafeSlow(HEADROOM + CHUNK_BYTES);
}
