import { UNIT_BYTES } from './layout.js';

/** The segments that a thread knows of. */
export class SegmentMap {
  readonly #buffers: SharedArrayBuffer[] = [];
  readonly #bytes: (Uint8Array | undefined)[] = [];

  /** Those that are known, by their numbers. */
  get buffers(): readonly SharedArrayBuffer[] {
    return this.#buffers;
  }

  /** `fetch` is asked for segments that are not known yet: it may make them known by `add`. */
  constructor(readonly fetch: () => void = () => {}) {}

  add(segment: number, buffer: SharedArrayBuffer): void {
    this.#buffers[segment] = buffer;
    // A view of more than 4 GiB does not exist on Node 20: the bytes of larger segments are reached by views of parts.
    this.#bytes[segment] = buffer.byteLength < 2 ** 32 ? new Uint8Array(buffer) : undefined;
  }

  buffer(segment: number): SharedArrayBuffer | undefined {
    const buffer = this.#buffers[segment];
    if (buffer !== undefined) return buffer;
    this.fetch();
    return this.#buffers[segment];
  }

  /** The number of the segment that a buffer is, or -1. */
  indexOf(buffer: ArrayBufferLike): number {
    return this.#buffers.indexOf(buffer as SharedArrayBuffer);
  }

  view(segment: number, byteOffset: number, byteLength: number): Uint8Array | undefined {
    const buffer = this.buffer(segment);
    return buffer && new Uint8Array(buffer, byteOffset, byteLength);
  }

  /** The whole segment as bytes, where such a view can exist. */
  whole(segment: number): Uint8Array | undefined {
    const bytes = this.#bytes[segment];
    if (bytes !== undefined) return bytes;
    this.buffer(segment);
    return this.#bytes[segment];
  }

  /** Writes bytes into a segment that is known, from a unit on. */
  write(segment: number, unit: number, bytes: Uint8Array): void {
    const whole = this.#bytes[segment];
    // To make a view takes as long as to copy some hundred bytes.
    if (whole !== undefined) whole.set(bytes, unit * UNIT_BYTES);
    else this.view(segment, unit * UNIT_BYTES, bytes.length)!.set(bytes);
  }

  unitView(segment: number, unit: number, units: number): Uint8Array | undefined {
    return this.view(segment, unit * UNIT_BYTES, units * UNIT_BYTES);
  }
}
