import { types } from 'node:util';
import { CacheSerializationError, describe } from '../common/error.js';
import { findUnstorable } from './diagnose.js';
import { EMPTY, FORMAT_VERSION, Kind, NODE_MAJOR } from './format.js';
import { encodeGraph } from './graph.js';
import { type Binary, binaryKindOf, isBinary, isDetached, PartWriter, rawBytes } from './part.js';
import { encodeRecord, encodeScalar } from './record.js';

const INSTEAD = 'store data in its place: text, numbers, plain objects, buffers that have their bytes';

/** A value taken apart. */
export interface EncodedValue {
  /** What the value is, without its binary: a snapshot, owned by the caller. */
  skeleton: Uint8Array;
  /** The raw bytes of its binary, where the user has them: nothing is copied, none is empty. */
  parts: Uint8Array[];
}

/**
 * Takes a value apart into a skeleton and its binary parts. Anything that the structured clone algorithm takes; a
 * `Buffer` stays a `Buffer`; a SharedArrayBuffer becomes an ArrayBuffer, a resizable buffer one of fixed length; of a
 * class instance the own enumerable properties are kept, as in a structured clone. Views that share memory go on sharing
 * it, unless they lie far apart in it, or are Buffers, or lie in shared memory, and do not overlap.
 *
 * O(size of the value less its binary): binary costs the same whatever its length.
 *
 * @throws TypeError for `undefined` and promises.
 * @throws CacheSerializationError for what cannot be cloned (functions, symbols, weak collections, detached
 *   buffers), naming the path to it: `$.frames[3].onload: a function cannot be stored`; the key, if it is given; and
 *   what to do instead.
 */
export function encodeValue(value: unknown, key?: string): EncodedValue {
  if (value === undefined || types.isPromise(value)) throw absence(value);
  if (isBinary(value)) return encodeBinary(value, key);
  try {
    if (!isThenable(value)) return encodeStructure(value);
  } catch (cause) {
    throw failure(value, cause, key);
  }
  throw absence(value);
}

/** Another library's promise, too: what it comes to is the value. */
function isThenable(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}

function absence(value: unknown): TypeError {
  return new TypeError(`value: expected anything but undefined and promises; got ${describe(value)}`);
}

function encodeBinary(value: Binary, key: string | undefined): EncodedValue {
  if (isDetached(value)) throw failure(value, undefined, key);
  const bytes = rawBytes(value);
  const isEmpty = bytes.byteLength === 0;
  const count = binaryKindOf(value) + (isEmpty ? EMPTY : 0);
  return { skeleton: Uint8Array.of(FORMAT_VERSION, Kind.RAW, NODE_MAJOR, count), parts: isEmpty ? [] : [bytes] };
}

function encodeStructure(value: unknown): EncodedValue {
  const writer = new PartWriter();
  const short = typeof value === 'object' && value !== null ? encodeRecord(value, writer) : encodeScalar(value, writer);
  if (short) return { skeleton: short, parts: writer.parts };
  const all = new PartWriter();
  return { skeleton: encodeGraph(value, all), parts: all.parts };
}

function failure(value: unknown, cause: unknown, key: string | undefined): CacheSerializationError {
  const isDeep = isOverflow(cause);
  const found = isDeep ? '$: it is nested too deeply' : explain(value);
  const reason = cause instanceof Error ? cause.message : describe(cause);
  const text = found ?? `$: it cannot be stored: ${reason}`;
  const hint = isDeep ? 'store it with fewer levels' : INSTEAD;
  if (key === undefined) return new CacheSerializationError(`${text}; ${hint}`, { cause });
  return new CacheSerializationError(`${text} (the value of ${describe(key)}); ${hint}`, { key, cause });
}

/** Whether the stack was not deep enough: a RangeError may be a getter's, too. */
function isOverflow(cause: unknown): boolean {
  return cause instanceof RangeError && cause.message.includes('call stack');
}

/** The culprit, unless looking for it fails as the encoding did (a getter that throws). */
function explain(value: unknown): string | undefined {
  try {
    return findUnstorable(value);
  } catch {
    return undefined;
  }
}
