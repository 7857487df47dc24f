import {
  CacheClosedError,
  CacheConfigError,
  CacheCorruptionError,
  CacheError,
  CacheKeyError,
  CacheLoadError,
  CacheSerializationError,
  CacheTimeoutError,
} from '../common/error.js';
import { TAG, type WireError } from './protocol.js';

const FOREIGN = 'foreign';

const CLASSES = [
  CacheClosedError,
  CacheConfigError,
  CacheCorruptionError,
  CacheKeyError,
  CacheLoadError,
  CacheSerializationError,
  CacheTimeoutError,
];

/** What a user's own function has thrown: callers get it as it is, as far as it can be cloned. */
export function foreignToWire(error: unknown): WireError {
  return { code: FOREIGN, message: '', cause: packError(error) };
}

const BUILT_IN = [EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError];
/** Causes of causes beyond this are cut off: they may run in a circle. */
const MAX_CAUSES = 8;

/** An error on its way to another thread: a structured clone keeps neither its name nor its code. */
interface PackedError {
  [TAG]: 'error';
  name: string;
  message: string;
  stack: string | undefined;
  /** What else was set on it, and can be cloned: `code`, `errno`, `path`, … */
  fields: Record<string, unknown>;
}

/** An error as another thread can receive it. */
export function toWire(error: unknown): WireError {
  if (!(error instanceof CacheError)) return foreignToWire(error);
  const wire: WireError = { code: error.code, message: error.message };
  if (typeof error.key === 'string') wire.key = error.key;
  if (error.cause !== undefined) wire.cause = packError(error.cause);
  return wire;
}

/** The error again, of the same class. */
export function fromWire(wire: WireError): Error {
  if (wire.code === FOREIGN) return unpackError(wire.cause) as Error;
  const options: { key?: unknown; cause?: unknown } = {};
  if (wire.key !== undefined) options.key = wire.key;
  if (wire.cause !== undefined) options.cause = unpackError(wire.cause);
  return create(wire.code, wire.message, options) ?? new CacheError(wire.message, options);
}

/** Whatever was thrown, so that it can cross to another thread. What cannot is told by its message. */
export function packError(thrown: unknown, depth = 0): unknown {
  if (!(thrown instanceof Error))
    return canCross(thrown) ? thrown : new Error(`a ${typeof thrown} that cannot be cloned`);
  const fields: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(thrown)) {
    if (name !== 'name' && canCross(value)) fields[name] = value;
  }
  if (thrown.cause !== undefined && depth < MAX_CAUSES) fields['cause'] = packError(thrown.cause, depth + 1);
  const { name, message, stack } = thrown;
  return { [TAG]: 'error', name: String(name), message: String(message), stack, fields } satisfies PackedError;
}

/** What `packError` was given: an error of the same class, where it is one of ours or of the language. */
export function unpackError(packed: unknown): unknown {
  if (!isPacked(packed)) return packed;
  const { name, message, stack, fields } = packed;
  const { cause, ...others } = fields;
  const options = cause === undefined ? undefined : { cause: unpackError(cause) };
  const BuiltIn = BUILT_IN.find((Class) => Class.name === name) ?? Error;
  const error = create(fields['code'], message, options) ?? new BuiltIn(message, options);
  if (error.name !== name) Object.defineProperty(error, 'name', { value: name, configurable: true, writable: true });
  if (stack !== undefined) error.stack = stack;
  return Object.assign(error, others);
}

function create(code: unknown, message: string, options?: { key?: unknown; cause?: unknown }): CacheError | undefined {
  for (const Class of CLASSES) {
    const error = new Class(message, options);
    if (error.code === code) return error;
  }
  return undefined;
}

function isPacked(value: unknown): value is PackedError {
  return typeof value === 'object' && value !== null && TAG in value && value[TAG] === 'error';
}

function canCross(value: unknown): boolean {
  try {
    structuredClone(value);
    return true;
  } catch {
    return false;
  }
}
