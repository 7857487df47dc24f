import v8 from 'node:v8';
import sizeof from 'object-sizeof';

/**
 * How V8 lays things out on a 64-bit heap without pointer compression, which is what every Node build is: a word is
 * 8 bytes, an object starts with its map, properties and elements, a small integer lives in the slot that refers to it,
 * any other number is a box. Checked against real growth of the heap in `tests/weigh/memory.test.ts`.
 */
export const WORD = 8;
const OBJECT_HEADER = 3 * WORD;
const ARRAY_HEADER = 4 * WORD;
const STORE_HEADER = 2 * WORD;
const COLLECTION_HEADER = 4 * WORD;
/** A number that is no small integer. */
export const HEAP_NUMBER = 2 * WORD;

/** JSArrayBuffer, its extension, and the record of its backing store. */
export const BUFFER_HEADER = 112;
/** Any typed array, DataView or Buffer, without its buffer. */
export const VIEW_HEADER = 96;
export const DATE_BYTES = 104;
export const REGEXP_BYTES = 128;
export const FUNCTION_BYTES = 96;
/** The object and the frames that it remembers; its text is made when it is asked for. */
export const ERROR_BYTES = 256;
/** What cannot be looked into: promises, weak collections, handles of native code. */
export const OPAQUE_BYTES = 96;

/** Above so many own properties an object is taken for a dictionary, unless its shape has been met before. */
export const DICTIONARY_THRESHOLD = 24;
/** Strings from here on are probed by a slice; shorter ones by a regular expression. */
const PROBE_LENGTH = 4096;
const TWO_BYTE = /[\u0100-\uffff]/;
const ONE_BYTE_TAG = 0x22;

export const isSmallInteger = (value: number): boolean => (value | 0) === value && !Object.is(value, -0);

/** A number or a boolean in a slot of its own. */
export function leafBytes(value: number | boolean): number {
  const bytes = sizeof(value);
  return bytes > 0 ? alignUp(bytes) : WORD;
}

/**
 * Bytes of a string: one per character, or two when any character is beyond Latin-1. Does not read long strings: V8
 * compiles the expression to "no" for a string stored in one byte per character, and a slice of a long string tells how
 * its parent is stored. It cannot tell a slice from a string of its own, so a short slice that keeps a long parent
 * alive is charged for itself only.
 */
export function stringBytes(text: string): number {
  if (text.length === 0) return WORD;
  const narrow = sizeof(text);
  const bytes = narrow > 0 ? narrow + WORD / 2 : STORE_HEADER + text.length;
  return alignUp(isTwoByte(text) ? bytes + text.length : bytes);
}

function isTwoByte(text: string): boolean {
  if (text.length < PROBE_LENGTH) return TWO_BYTE.test(text);
  // A slice of 13 characters or more shares the representation of its parent, and the serializer writes it down.
  const probe = new v8.Serializer();
  probe.writeValue(text.slice(1, 33));
  return probe.releaseBuffer()[0] !== ONE_BYTE_TAG;
}

export function bigintBytes(value: bigint): number {
  return STORE_HEADER + alignUp(Math.ceil(value.toString(16).length / 2));
}

/** An object with fixed slots, without what its slots refer to. */
export function objectBytes(properties: number): number {
  return OBJECT_HEADER + properties * WORD;
}

/** An object used as a dictionary: a hash table of three words per slot, the names not included. */
export function dictionaryBytes(entries: number): number {
  return OBJECT_HEADER + 4 * WORD + STORE_HEADER + 3 * WORD * powerOfTwo(entries + (entries >> 1));
}

/**
 * A JavaScript array. One that was filled by `push` has grown by half (plus 16) each time, one that was made at once
 * has no slack, and nothing tells which: the geometric mean of both is within 15 % of either up to the middle of a
 * step.
 */
export function arrayBytes(length: number): number {
  if (length === 0) return ARRAY_HEADER;
  let capacity = 0;
  while (capacity < length) capacity = capacity + 1 + ((capacity + 1) >> 1) + 16;
  return ARRAY_HEADER + STORE_HEADER + WORD * Math.min(Math.sqrt(length * capacity), length * 1.13);
}

/** A sparse array: a hash table of numbers. */
export function sparseArrayBytes(entries: number): number {
  return ARRAY_HEADER + STORE_HEADER + 4 * WORD + 3 * WORD * powerOfTwo(entries + (entries >> 1));
}

export function mapBytes(size: number): number {
  return collectionBytes(size, 3);
}

export function setBytes(size: number): number {
  return collectionBytes(size, 2);
}

/** V8's ordered hash table: buckets for every second slot, and per slot the entry and its chain. */
function collectionBytes(size: number, wordsPerSlot: number): number {
  const capacity = Math.max(4, powerOfTwo(size));
  return COLLECTION_HEADER + STORE_HEADER + WORD * (3 + capacity / 2 + capacity * wordsPerSlot);
}

function powerOfTwo(atLeast: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(1, atLeast)));
}

function alignUp(bytes: number): number {
  return Math.ceil(bytes / WORD) * WORD;
}
