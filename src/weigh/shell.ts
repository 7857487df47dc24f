import { types } from 'node:util';
import { bufferBytes } from './binary.js';
import {
  arrayBytes,
  DATE_BYTES,
  ERROR_BYTES,
  mapBytes,
  OPAQUE_BYTES,
  objectBytes,
  REGEXP_BYTES,
  setBytes,
  stringBytes,
} from './layout.js';

/** What an object costs by itself, and whether there is more to be found inside. */
export interface Shell {
  bytes: number;
  hasContents: boolean;
}

const leaf = (bytes: number): Shell => ({ bytes, hasContents: false });
const container = (bytes: number): Shell => ({ bytes, hasContents: true });

/** Properties are charged with the contents, since counting them means listing them. */
const PLAIN = Object.freeze(container(0));

/** The shell of any object that is no view. */
export function shellOf(value: object): Shell {
  if (Array.isArray(value)) return { bytes: arrayBytes(value.length), hasContents: value.length > 0 };
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return PLAIN;
  return types.isAnyArrayBuffer(value) ? leaf(bufferBytes(value)) : shellOfClass(value);
}

function shellOfClass(value: object): Shell {
  if (types.isMap(value)) return container(mapBytes(value.size));
  if (types.isSet(value)) return container(setBytes(value.size));
  if (types.isDate(value)) return leaf(DATE_BYTES);
  if (types.isRegExp(value)) return leaf(REGEXP_BYTES + stringBytes(value.source));
  if (types.isNativeError(value)) return container(ERROR_BYTES - objectBytes(0));
  if (types.isPromise(value) || types.isWeakMap(value) || types.isWeakSet(value)) return leaf(OPAQUE_BYTES);
  return PLAIN;
}
