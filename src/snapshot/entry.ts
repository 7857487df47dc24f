import { decodeValue, type EncodedValue, encodeValue } from '../codec/index.js';
import { HEAD, HEAD_BYTES, KEY } from './format.js';

/** An entry but for its value. Times in ms, `Infinity` for never. */
export interface EntryFacts {
  readonly key: unknown;
  /** The names that lead to the namespace that the key lives in; none for what was saved itself. */
  readonly namespace: readonly string[];
  readonly tags: readonly string[];
  /** Hits of its present value. */
  readonly hits: number;
  /** Bytes charged by the cache that has written it. */
  readonly size: number;
  readonly cost: number;
  readonly ttl: number;
  readonly idleTtl: number;
  readonly grace: number;
  /** Since it was written, refreshed or touched. */
  readonly age: number;
  /** Until it is no longer fresh; 0 or less when it is stale. */
  readonly left: number;
}

/** How long the pieces of an entry are in the file. */
export interface Layout {
  readonly keyKind: number;
  readonly keyBytes: number;
  readonly namespaceBytes: number;
  readonly tagBytes: number;
  readonly skeletonBytes: number;
  readonly parts: number;
  /** Of all but the head and the parts. */
  readonly metaBytes: number;
}

/** Head and meta of an entry, without mark and checksum. Throws what the codec throws for a key that is no string. */
export function encodeEntry(facts: EntryFacts, number: number, { skeleton, parts }: EncodedValue): Buffer {
  const { kind, bytes: key } = encodeKey(facts.key);
  const namespace = encodeList(facts.namespace);
  const tags = encodeList(facts.tags);
  const metaBytes = 4 * parts.length + key.length + namespace.length + tags.length + skeleton.length;
  const frame = Buffer.allocUnsafe(HEAD_BYTES + metaBytes);
  frame.writeUInt32LE(number, HEAD.number);
  frame.writeUInt32LE(kind, HEAD.keyKind);
  frame.writeUInt32LE(key.length, HEAD.keyBytes);
  frame.writeUInt32LE(namespace.length, HEAD.namespaceBytes);
  frame.writeUInt32LE(tags.length, HEAD.tagBytes);
  frame.writeUInt32LE(skeleton.length, HEAD.skeletonBytes);
  frame.writeUInt32LE(parts.length, HEAD.parts);
  frame.writeUInt32LE(Math.min(facts.hits, 0xffff_ffff), HEAD.hits);
  for (const field of ['size', 'cost', 'ttl', 'idleTtl', 'grace', 'age', 'left'] as const) {
    frame.writeDoubleLE(facts[field], HEAD[field]);
  }
  let at = HEAD_BYTES;
  for (const part of parts) at = frame.writeUInt32LE(part.byteLength, at);
  for (const piece of [key, namespace, tags, skeleton]) {
    frame.set(piece, at);
    at += piece.length;
  }
  return frame;
}

/** The lengths that a head tells. `frame` begins with it. */
export function decodeLayout(frame: Buffer): Layout {
  const [keyKind, keyBytes, namespaceBytes, tagBytes, skeletonBytes, parts] = [
    HEAD.keyKind,
    HEAD.keyBytes,
    HEAD.namespaceBytes,
    HEAD.tagBytes,
    HEAD.skeletonBytes,
    HEAD.parts,
  ].map((at) => frame.readUInt32LE(at)) as [number, number, number, number, number, number];
  const metaBytes = 4 * parts + keyBytes + namespaceBytes + tagBytes + skeletonBytes;
  return { keyKind, keyBytes, namespaceBytes, tagBytes, skeletonBytes, parts, metaBytes };
}

/** What a frame of head and meta says of its entry; `fail` is told what is wrong. */
export function decodeFacts(frame: Buffer, layout: Layout, fail: (what: string) => never): EntryFacts {
  let at = HEAD_BYTES + 4 * layout.parts;
  const key = decodeKey(frame.subarray(at, at + layout.keyBytes), layout.keyKind, fail);
  at += layout.keyBytes;
  const namespace = decodeList(frame.subarray(at, at + layout.namespaceBytes), fail);
  at += layout.namespaceBytes;
  const tags = [...new Set(decodeList(frame.subarray(at, at + layout.tagBytes), fail))];
  const number = (field: keyof typeof HEAD, isRight: (value: number) => boolean): number => {
    const value = frame.readDoubleLE(HEAD[field]);
    return isRight(value) ? value : fail(`its ${field} cannot be ${value}`);
  };
  return {
    key,
    namespace,
    tags,
    hits: frame.readUInt32LE(HEAD.hits),
    size: number('size', (value) => Number.isSafeInteger(value) && value > 0),
    cost: number('cost', (value) => value > 0 && Number.isFinite(value)),
    ttl: number('ttl', (value) => value > 0),
    idleTtl: number('idleTtl', (value) => value > 0),
    grace: number('grace', (value) => value >= 0),
    age: number('age', (value) => value >= 0 && Number.isFinite(value)),
    left: number('left', (value) => value > Number.NEGATIVE_INFINITY),
  };
}

/** A view of the skeleton in a frame of head and meta. */
export function skeletonOf(frame: Buffer, { skeletonBytes, metaBytes }: Layout): Buffer {
  const end = HEAD_BYTES + metaBytes;
  return frame.subarray(end - skeletonBytes, end);
}

function encodeKey(key: unknown): { kind: number; bytes: Uint8Array } {
  if (typeof key === 'string') {
    for (let i = 0; i < key.length; i++) {
      if (key.charCodeAt(i) > 0xff) return { kind: KEY.utf16, bytes: Buffer.from(key, 'utf16le') };
    }
    return { kind: KEY.latin1, bytes: Buffer.from(key, 'latin1') };
  }
  // In an array, since a key may be `undefined` and a value may not.
  const { skeleton, parts } = encodeValue([key]);
  if (parts.length > 0) throw new TypeError('expected a key without binary content');
  return { kind: KEY.value, bytes: skeleton };
}

function decodeKey(bytes: Buffer, kind: number, fail: (what: string) => never): unknown {
  if (kind === KEY.latin1) return bytes.toString('latin1');
  if (kind === KEY.utf16)
    return bytes.length % 2 === 0 ? bytes.toString('utf16le') : fail('half a character in its key');
  if (kind !== KEY.value) return fail(`there is no key of kind ${kind}`);
  const wrapped = decodeValue(bytes, [], 'copy');
  return Array.isArray(wrapped) && wrapped.length === 1 ? wrapped[0] : fail('its key is none');
}

/** Strings, each behind the number of its bytes. */
function encodeList(strings: readonly string[]): Buffer {
  if (strings.length === 0) return Buffer.alloc(0);
  return Buffer.concat(
    strings.flatMap((string) => {
      const length = Buffer.alloc(4);
      length.writeUInt32LE(string.length * 2);
      return [length, Buffer.from(string, 'utf16le')];
    }),
  );
}

function decodeList(bytes: Buffer, fail: (what: string) => never): string[] {
  const strings: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    if (at + 4 > bytes.length) fail('its tags or namespaces end too early');
    const length = bytes.readUInt32LE(at);
    at += 4;
    if (length === 0 || length % 2 !== 0 || at + length > bytes.length) {
      fail('one of its tags or namespaces has a wrong length');
    }
    strings.push(bytes.toString('utf16le', at, at + length));
    at += length;
  }
  return strings;
}
