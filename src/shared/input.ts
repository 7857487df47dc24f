import type { TransferListItem } from 'node:worker_threads';
import { encodeValue, findLost } from '../codec/index.js';
import { CacheConfigError, CacheSerializationError, describe } from '../common/error.js';
import type { LoadOptions } from './options.js';

/** What goes to a loader, and what of it is handed over; `undefined` when all is cloned. */
export interface LoaderInput {
  input: unknown;
  transfer: readonly TransferListItem[] | undefined;
}

// What `Piscina.move` marks a value with: whichever copy of piscina that was.
const TRANSFERABLE = Symbol.for('Piscina.transferable');
const VALUE = Symbol.for('Piscina.valueOf');

/** @throws CacheConfigError for a `transfer` that is neither a boolean nor a list, or that goes with `retries`. */
export function resolveInput(given: unknown, { transfer, retries = 0 }: LoadOptions): LoaderInput {
  const moved = movedBy(given);
  const input = moved === undefined ? given : moved.value;
  if (transfer !== undefined && typeof transfer !== 'boolean' && !Array.isArray(transfer)) {
    throw new CacheConfigError(`transfer: expected true, or a list of what is handed over; got ${describe(transfer)}`);
  }
  const list = [...(moved?.transfer ?? []), ...listOf(input, transfer)];
  if (list.length === 0) return { input, transfer: undefined };
  if (retries > 0) {
    throw new CacheConfigError(
      `transfer: expected no retries beside it, since an input that was handed over is there once; got retries: ${retries}`,
    );
  }
  return { input, transfer: list };
}

/** @throws CacheSerializationError for an input of which the clone that a loader in the pool gets is silently something else. */
export function checkInput(loader: string, input: unknown, key: string): void {
  const lost = findLost(input);
  if (lost === undefined) return;
  throw new CacheSerializationError(`loader '${loader}': expected an input that can be cloned; ${lost}`, { key });
}

function movedBy(given: unknown): { value: unknown; transfer: TransferListItem[] } | undefined {
  if (typeof given !== 'object' || given === null || !(TRANSFERABLE in given) || !(VALUE in given)) return undefined;
  const transferable: unknown = Reflect.get(given, TRANSFERABLE);
  return { value: Reflect.get(given, VALUE), transfer: [transferable as TransferListItem] };
}

function listOf(input: unknown, transfer: boolean | readonly TransferListItem[] = false): readonly TransferListItem[] {
  if (typeof transfer !== 'boolean') return transfer;
  if (!transfer || input === undefined) return [];
  // A view of a part of a buffer does not give away the rest: it may be the pool of Buffers.
  const whole = encodeValue(input).parts.filter(({ buffer, byteLength }) => buffer.byteLength === byteLength);
  return [...new Set(whole.map(({ buffer }) => buffer))].filter((buffer) => buffer instanceof ArrayBuffer);
}
