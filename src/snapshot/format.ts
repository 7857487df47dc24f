/**
 * # A snapshot: the content of a cache as a file
 *
 * ```
 *  ┌─────────────┬─────────┬─────────┬─── … ───┬─────────┬─────────────┐
 *  │ header 64 B │ entry 0 │ entry 1 │         │ entry n │ footer 32 B │
 *  └─────────────┴─────────┴─────────┴─── … ───┴─────────┴─────────────┘
 *
 *  header   0       8         10      11     12     14   16     24      32          48   52   60    64
 *          ┌───────┬─────────┬───────┬──────┬──────┬────┬──────┬───────┬───────────┬────┬────┬─────┐
 *          │ magic │ version │ bytes │ kind │ Node │ V8 │ wall │ clock │ clock's   │ id │ 0  │ crc │
 *          │       │         │ order │      │ major│    │ f64  │ f64   │ name      │    │    │     │
 *          └───────┴─────────┴───────┴──────┴──────┴────┴──────┴───────┴───────────┴────┴────┴─────┘
 *
 *  entry    head 96 B, below   meta                                                    parts          4 B
 *          ┌──────────────────┬──────────────┬─────┬───────────┬──────┬──────────────┬─────┬─ … ─┬─────┐
 *          │ mark, crc, number│ length of    │ key │ namespace │ tags │ skeleton     │ part│     │ crc │
 *          │ lengths, terms   │ each part    │     │           │      │ (codec's)    │ 0   │     │     │
 *          └──────────────────┴──────────────┴─────┴───────────┴──────┴──────────────┴─────┴─────┴─────┘
 *                    └────────── the head's crc ──────────────────────────┘  └── its own ──┘
 * ```
 *
 * Entries stand in the order of eviction, the first victim first, so that a smaller cache leaves out a beginning.
 *
 * Every number is little endian; parts are as the writer's machine has them. Each checksum is CRC-32, begun with the
 * header's random `id`, and an entry's covers its number: an entry of another file, one too few and one twice are found
 * out as a flipped bit is. Checksums protect from accidents. Who forges a file can make them match, so all that is read
 * is checked as well: each length against what is left of the file, before a byte of memory is asked for it.
 */
import { endianness } from 'node:os';
import v8 from 'node:v8';
import zlib from 'node:zlib';
import { CLOCK_ID_BYTES, type TimeStamp } from './time.js';

/** As PNG's: a byte above 127, a name, both line ends, the end of a DOS file. What mangles text mangles this. */
const MAGIC = Buffer.from('\x89CACH\r\n\x1a', 'latin1');
const FORMAT_VERSION = 1;
export const HEADER_BYTES = 64;
export const HEAD_BYTES = 96;
export const FOOTER_BYTES = 32;
export const CRC_BYTES = 4;
/** 'CENT' and 'CEND' in the file. */
export const ENTRY_MARK = 0x544e4543;
export const FOOTER_MARK = 0x444e4543;

const BYTE_ORDERS = ['LE', 'BE'];

export const HEADER = {
  version: 8,
  byteOrder: 10,
  kind: 11,
  node: 12,
  v8: 14,
  wall: 16,
  now: 24,
  clock: 32,
  id: 48,
  crc: 60,
} as const;

/** Offsets in the head of an entry: four bytes each, eight from `size` on. */
export const HEAD = {
  mark: 0,
  crc: 4,
  number: 8,
  keyKind: 12,
  keyBytes: 16,
  namespaceBytes: 20,
  tagBytes: 24,
  skeletonBytes: 28,
  parts: 32,
  hits: 36,
  size: 40,
  cost: 48,
  ttl: 56,
  idleTtl: 64,
  grace: 72,
  age: 80,
  left: 88,
} as const;

export const FOOTER = { mark: 0, crc: 4, entries: 8, bytes: 16, sum: 24 } as const;

/** How a key is written: a string with one or two bytes a character, or what the codec makes of `[key]`. */
export const KEY = { latin1: 0, utf16: 1, value: 2 } as const;

/** Which cache has written a file: sizes of one kind are charges of another. */
export const KIND = { heap: 0, shared: 1 } as const;
export type SnapshotKind = keyof typeof KIND;

/** What a file says of itself. */
export interface SnapshotHeader {
  readonly kind: SnapshotKind;
  readonly savedAt: TimeStamp;
  readonly node: number;
  readonly id: number;
}

export function encodeHeader(kind: SnapshotKind, savedAt: TimeStamp, id: number): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  MAGIC.copy(header);
  header.writeUInt16LE(FORMAT_VERSION, HEADER.version);
  header[HEADER.byteOrder] = BYTE_ORDERS.indexOf(endianness());
  header[HEADER.kind] = KIND[kind];
  header.writeUInt16LE(Number.parseInt(process.versions.node, 10), HEADER.node);
  header.writeUInt16LE(serializationVersion(), HEADER.v8);
  header.writeDoubleLE(savedAt.wall, HEADER.wall);
  header.writeDoubleLE(savedAt.now, HEADER.now);
  header.write(savedAt.clock, HEADER.clock, CLOCK_ID_BYTES, 'hex');
  header.writeUInt32LE(id, HEADER.id);
  header.writeUInt32LE(zlib.crc32(header.subarray(0, HEADER.crc)), HEADER.crc);
  return header;
}

/** What the header says; `fail` is told where it is wrong, and how. */
export function decodeHeader(header: Buffer, fail: (offset: number, what: string) => never): SnapshotHeader {
  if (!header.subarray(0, MAGIC.length).equals(MAGIC)) {
    return fail(
      0,
      `expected a snapshot of cachalot; it begins with ${JSON.stringify(header.toString('latin1', 0, 8))}`,
    );
  }
  const version = header.readUInt16LE(HEADER.version);
  if (version !== FORMAT_VERSION) {
    return fail(HEADER.version, `expected format version ${FORMAT_VERSION}, the one that is read here; got ${version}`);
  }
  if (header.readUInt32LE(HEADER.crc) !== zlib.crc32(header.subarray(0, HEADER.crc))) {
    return fail(HEADER.crc, 'the checksum of the header does not match');
  }
  const order = BYTE_ORDERS[header[HEADER.byteOrder]!];
  if (order !== endianness()) {
    return fail(HEADER.byteOrder, `expected the byte order of this machine, ${endianness()}; got ${order ?? 'none'}`);
  }
  const kind = header[HEADER.kind] === KIND.heap ? 'heap' : 'shared';
  if (header[HEADER.kind] !== KIND[kind]) fail(HEADER.kind, `there is no kind ${header[HEADER.kind]}`);
  const savedAt: TimeStamp = {
    clock: header.toString('hex', HEADER.clock, HEADER.clock + CLOCK_ID_BYTES),
    now: header.readDoubleLE(HEADER.now),
    wall: header.readDoubleLE(HEADER.wall),
  };
  if (!Number.isFinite(savedAt.wall) || !Number.isFinite(savedAt.now)) fail(HEADER.wall, 'expected a time');
  return { kind, savedAt, node: header.readUInt16LE(HEADER.node), id: header.readUInt32LE(HEADER.id) };
}

/** Of V8's serializer: it writes it behind its first byte. */
function serializationVersion(): number {
  return v8.serialize(null)[1]!;
}
