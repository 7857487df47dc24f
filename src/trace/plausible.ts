/**
 * Eight bytes a request, any numbers, no header: every file can be read as that. So what is told by nobody to be such a trace
 * is looked at first: is it one of the files that begin as no trace does, and are these numbers the bytes of objects?
 */
import { CacheConfigError } from '../common/error.js';

const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');

/** What a file is that has these bytes there: at least three of them, which an object's number hardly ever is by chance. */
const KINDS: readonly [what: string, at: number, bytes: Buffer][] = [
  ['a PNG image', 0, latin1('\x89PNG')],
  ['a JPEG image', 0, latin1('\xff\xd8\xff')],
  ['a GIF image', 0, latin1('GIF8')],
  ['an audio, video or WebP file', 0, latin1('RIFF')],
  ['a video', 4, latin1('ftyp')],
  ['a PDF document', 0, latin1('%PDF-')],
  ['a ZIP archive', 0, latin1('PK\x03\x04')],
  ['a tar archive: unpack it first', 257, latin1('ustar')],
  ['packed with zstd: unpack it first', 0, latin1('\x28\xb5\x2f\xfd')],
  ['packed with xz: unpack it first', 0, latin1('\xfd7zXZ')],
  ['packed with bzip2: unpack it first', 4, latin1('1AY&SY')],
  ['packed with lz4: unpack it first', 0, latin1('\x04\x22\x4d\x18')],
  ['packed with 7-Zip: unpack it first', 0, latin1('7z\xbc\xaf')],
  ['a program', 0, latin1('\x7fELF')],
  ['a program', 0, latin1('\xcf\xfa\xed\xfe')],
  ['a WebAssembly module', 0, latin1('\0asm')],
  ['an SQLite database', 0, latin1('SQLite format 3')],
  ['a Parquet file', 0, latin1('PAR1')],
  ['an Arrow file', 0, latin1('ARROW1')],
  ['a snapshot of a cache', 0, latin1('\x89CACH')],
];

const RECORD_BYTES = 8;
/** Fewer requests than this say nothing about the rest. */
const LEAST_RECORDS = 32;
/** Half of the requests of a trace are for less than this: text, pixels, floats and whatever is packed are more, as sizes. */
const LARGE = 256 * 2 ** 20;
const NONE = 0xffff_ffff;

/**
 * @param head the first 4096 bytes of a file, or all of it.
 * @throws CacheConfigError when it looks like anything but a trace.
 */
export function checkPlausible(head: Buffer, isBinary: boolean, name: string): void {
  const found = kindOf(head) ?? (isBinary ? whyNoRecords(head) : whyNoText(head));
  if (found === undefined) return;
  const expected = 'expected a trace: records of 8 bytes, CSV, JSON lines, or an access log';
  throw new CacheConfigError(`${name}: ${expected}; this is ${found}. If it is one, say which: --format binary`);
}

function kindOf(head: Buffer): string | undefined {
  const isText = !head.some((byte) => byte < 0x09);
  for (const [what, at, bytes] of KINDS) {
    // A key in a text may begin with these letters.
    if (isText && bytes.every(isPrintable)) continue;
    if (head.subarray(at, at + bytes.length).equals(bytes)) return what;
  }
  return isWideText(head) ? 'text in UTF-16: expected is UTF-8' : undefined;
}

const isPrintable = (byte: number): boolean => byte >= 0x20 && byte < 0x7f;

/** As Windows' shell writes what is sent to a file. */
function isWideText(head: Buffer): boolean {
  if (head[0] !== 0xff || head[1] !== 0xfe) return false;
  let zeros = 0;
  for (let at = 1; at < head.length; at += 2) if (head[at] === 0) zeros++;
  return zeros > (head.length / 2) * 0.75;
}

function whyNoRecords(head: Buffer): string | undefined {
  const count = Math.floor(head.length / RECORD_BYTES);
  if (count < LEAST_RECORDS) return undefined;
  const sizes = Array.from({ length: count }, (_, i) => head.readUInt32LE(i * RECORD_BYTES + 4));
  const share = (matches: (size: number) => boolean) => sizes.filter(matches).length / count;
  // A record of libCacheSim: time, the object in 8 bytes, its size, and when it is asked for again in 8 bytes, or -1.
  const isOracle = sizes.every((size, i) => i % 3 !== 2 || size === 0 || size === NONE);
  if (isOracle && share((size) => size === 0) < 0.9) {
    return "records of 24 bytes, as of libCacheSim's oracleGeneral: expected are the object and its size, 4 bytes each";
  }
  if (share((size) => size === 0) > 0.5) return 'something else: most of its objects would have no bytes';
  if (share((size) => size >= LARGE) > 0.5) {
    return 'something else: most of its objects would have more than 256 MiB';
  }
  return undefined;
}

/** Control characters but those of layout, or what is no UTF-8: no text has more than a few. */
function whyNoText(head: Buffer): string | undefined {
  let controls = 0;
  for (const byte of head) if (byte < 0x20 && (byte < 0x09 || byte > 0x0d) && byte !== 0x1b) controls++;
  const strange = head.toString('utf8').match(/\ufffd/g)?.length ?? 0;
  return controls * 20 > head.length || strange * 2 > head.length
    ? 'something else: it has the bytes of no text'
    : undefined;
}
