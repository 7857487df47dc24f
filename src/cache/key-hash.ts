import { hashEnd, hashNumber, hashRest, hashString } from '../common/hash.js';

/** Objects and functions are told apart by identity: each gets a number when it is first seen. */
const numbers = new WeakMap<WeakKey, number>();
let nextNumber = 0;

/**
 * 32 bits of a key, the same whenever the same key comes, for policies that remember keys which have left. With a sign:
 * half of the unsigned ones would be objects of their own wherever they are handed on.
 */
export function keyHash(key: unknown, seed: number): number {
  // Asked in this form, what is a string is found out without a call.
  if (typeof key === 'string') return hashRest(key, hashEnd(key, seed));
  if (typeof key === 'number') return hashNumber(key, seed) | 0;
  return otherHash(key, seed);
}

function otherHash(key: unknown, seed: number): number {
  const isObject = (typeof key === 'object' && key !== null) || typeof key === 'function';
  return (isObject ? hashNumber(numberOf(key), seed) : hashString(String(key), seed)) | 0;
}

function numberOf(key: WeakKey): number {
  let number = numbers.get(key);
  if (number === undefined) {
    number = nextNumber++;
    numbers.set(key, number);
  }
  return number;
}
