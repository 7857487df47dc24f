import {
  CacheClosedError,
  CacheConfigError,
  CacheError,
  CacheKeyError,
  CacheLoadError,
  CacheSerializationError,
  CacheTimeoutError,
} from '../common/error.js';
import type { WireError } from './protocol.js';

const FOREIGN = 'foreign';

const CLASSES = [
  CacheClosedError,
  CacheConfigError,
  CacheKeyError,
  CacheLoadError,
  CacheSerializationError,
  CacheTimeoutError,
];

/** What a user's own function has thrown: callers get it as it is, as far as it can be cloned. */
export function foreignToWire(error: unknown): WireError {
  return { code: FOREIGN, message: '', cause: cloneable(error) };
}

/** An error as another thread can receive it. A cause that cannot be cloned is told by its message. */
export function toWire(error: unknown): WireError {
  if (!(error instanceof CacheError)) {
    return {
      code: 'ERR_CACHE',
      message: error instanceof Error ? error.message : String(error),
      cause: cloneable(error),
    };
  }
  const wire: WireError = { code: error.code, message: error.message };
  if (typeof error.key === 'string') wire.key = error.key;
  if (error.cause !== undefined) wire.cause = cloneable(error.cause);
  return wire;
}

/** The error again, of the same class. */
export function fromWire(wire: WireError): Error {
  if (wire.code === FOREIGN) return wire.cause as Error;
  const options: { key?: unknown; cause?: unknown } = {};
  if (wire.key !== undefined) options.key = wire.key;
  if (wire.cause !== undefined) options.cause = wire.cause;
  for (const Class of CLASSES) {
    const error = new Class(wire.message, options);
    if (error.code === wire.code) return error;
  }
  return new CacheError(wire.message, options);
}

/** The value, if it can cross to another thread; else an error that says what it was. */
export function cloneable(value: unknown): unknown {
  try {
    structuredClone(value);
    return value;
  } catch {
    if (!(value instanceof Error)) return new Error(`a ${typeof value} that cannot be cloned`);
    const copy = new Error(value.message);
    copy.name = value.name;
    if (value.stack !== undefined) copy.stack = value.stack;
    return copy;
  }
}
