import { type FileHandle, open } from 'node:fs/promises';
import zlib from 'node:zlib';

const CHUNK_BYTES = 2 ** 20;

/** A file read from its beginning to its end, through a window that is as large as what is asked for in one piece. */
export class Source {
  #window = Buffer.allocUnsafeSlow(CHUNK_BYTES);
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

  close(): Promise<void> {
    return this.file.close();
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
  rewind(): void {
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
    const held = this.#end - this.#start;
    const window = length > this.#window.length ? Buffer.allocUnsafeSlow(length) : this.#window;
    this.#window.copy(window, 0, this.#start, this.#end);
    this.#window = window;
    this.#start = 0;
    this.#end = held;
    while (this.#end < length) {
      const room = this.#window.length - this.#end;
      const { bytesRead } = await this.file.read(this.#window, this.#end, room, this.#position);
      if (bytesRead === 0) return false;
      this.#end += bytesRead;
      this.#position += bytesRead;
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

  /** Takes what comes next to where it belongs; `false` when the file ends before. Large pieces are not copied. */
  async read(target: Uint8Array): Promise<boolean> {
    const held = Math.min(this.#end - this.#start, target.byteLength);
    if (held > 0) target.set(this.peek(held));
    this.#start += held;
    for (let at = held; at < target.byteLength; ) {
      const length = target.byteLength - at;
      if (length < CHUNK_BYTES) {
        if (!(await this.fill(length))) return false;
        target.set(this.peek(length), at);
        this.#start += length;
        return true;
      }
      const { bytesRead } = await this.file.read(target, at, length, this.#position);
      if (bytesRead === 0) return false;
      at += bytesRead;
      this.#position += bytesRead;
      this.#start = this.#end = 0;
    }
    return true;
  }

  /** The checksum of the next bytes, which are passed over; -1 when the file ends before. */
  async checksum(length: number, crc: number): Promise<number> {
    let sum = crc;
    for (let left = length; left > 0; ) {
      if (!this.has(1) && !(await this.fill(Math.min(left, CHUNK_BYTES)))) return -1;
      const bytes = this.peek(Math.min(left, this.#end - this.#start));
      sum = zlib.crc32(bytes, sum);
      this.#start += bytes.length;
      left -= bytes.length;
    }
    return sum;
  }
}
