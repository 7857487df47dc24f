import { hashNumber, hashString } from '../common/hash.js';

/** Objects and functions are told apart by identity: each gets a number when it is first seen. */
const numbers = new WeakMap<WeakKey, number>();
let nextNumber = 0;

/** 32 bits of a key, the same whenever the same key comes, for policies that remember keys which have left. */
export function keyHash(key: unknown, seed: number): number {
  switch (typeof key) {
    case 'string':
      return hashString(key, seed);
    case 'number':
      return hashNumber(key, seed);
    case 'object':
    case 'function':
      return hashNumber(key === null ? -1 : numberOf(key), seed);
    default:
      return hashString(String(key), seed);
  }
}

function numberOf(key: WeakKey): number {
  let number = numbers.get(key);
  if (number === undefined) {
    number = nextNumber++;
    numbers.set(key, number);
  }
  return number;
}
