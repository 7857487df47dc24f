import { types } from 'node:util';
import { bufferBytes, viewBytes } from './binary.js';
import { flatObjectBytes } from './flat.js';
import { bigintBytes, FUNCTION_BYTES, HEAP_NUMBER, isSmallInteger, leafBytes, stringBytes, WORD } from './layout.js';
import { Walk } from './walk.js';

/**
 * Bytes that one entry of a cache costs beside its key and its value: its slot in the table, its record, its place in
 * the order of eviction, its deadline. Measured: 80 to 160, as the tables are more or less full.
 */
export const ENTRY_OVERHEAD = 160;

/**
 * Bytes of memory that a value keeps alive: heap and buffers, each shared part counted once. Always positive and
 * finite.
 *
 * Within 15 % for values of 1 KiB and more. Binary is never read: a view costs a microsecond whatever its length, and
 * is charged for the whole buffer behind it. Graphs of objects are walked level by level; a level, an array, a `Map` or
 * a `Set` wider than about a thousand is sampled and extrapolated, so a call visits tens of thousands of things at
 * most, however many there are (about 2 ms). A chain longer than that, such as a linked list, is charged for what was
 * visited; listing the names of an object with a million properties takes V8 half a second, sampled or not.
 *
 * What V8 does not show is not counted: private fields (`#x`), closures, the insides of native handles, and the long
 * string that a short slice of it keeps alive. Own getters are called.
 */
export function estimateSize(value: unknown): number {
  switch (typeof value) {
    case 'string':
      return stringBytes(value);
    case 'number':
      return isSmallInteger(value) ? leafBytes(value) : HEAP_NUMBER;
    case 'boolean':
      return leafBytes(value);
    case 'bigint':
      return bigintBytes(value);
    case 'object':
      return value === null ? WORD : objectSize(value);
    case 'function':
      return FUNCTION_BYTES;
    default:
      return WORD;
  }
}

/** Bytes of a key, a value and the entry that joins them. */
export function estimateEntrySize(key: unknown, value: unknown): number {
  return estimateSize(key) + estimateSize(value) + ENTRY_OVERHEAD;
}

function objectSize(value: object): number {
  if (ArrayBuffer.isView(value)) return viewBytes(value);
  if (types.isAnyArrayBuffer(value)) return bufferBytes(value);
  const bytes = flatObjectBytes(value);
  return bytes >= 0 ? bytes : new Walk().measure(value);
}
