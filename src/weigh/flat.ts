import { bigintBytes, DICTIONARY_THRESHOLD, HEAP_NUMBER, isSmallInteger, objectBytes, stringBytes } from './layout.js';
import { isSharedString, read } from './walk.js';

const NONE: readonly string[] = [];

/**
 * Bytes of an object that is written as `{ ... }`, with some properties and none of them an object: what `Walk` says, at
 * a tenth of its price. -1 for any other. Records are like that, mostly.
 */
export function flatObjectBytes(value: object): number {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return -1;
  const names = Object.keys(value);
  if (names.length > DICTIONARY_THRESHOLD) return -1;
  let bytes = objectBytes(names.length);
  let shared: readonly string[] = NONE;
  for (let i = 0; i < names.length; i++) {
    const property = read(value, names[i]!);
    if (typeof property === 'number') {
      if (!isSmallInteger(property)) bytes += HEAP_NUMBER;
    } else if (typeof property === 'string') {
      if (property.length < 2) continue;
      if (isSharedString(property)) {
        if (shared.includes(property)) continue;
        shared = [...shared, property];
      }
      bytes += stringBytes(property);
    } else if (typeof property === 'bigint') {
      bytes += bigintBytes(property);
    } else if ((typeof property === 'object' && property !== null) || typeof property === 'function') {
      return -1;
    }
  }
  return bytes;
}
