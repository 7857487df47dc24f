import { types } from 'node:util';
import { CacheSerializationError } from '../common/error.js';

/**
 * Objects of the platform (`URL`, `Headers`, `Blob`, `AbortSignal`, …) keep what they hold out of reach: V8 writes an empty
 * object for most of them and says nothing, and which ones it refuses differs between the majors of Node.
 *
 * Their classes are told by how the platform defines an interface: a tag on the prototype that is no getter, and a global of
 * this name that cannot be enumerated. So nothing is loaded to find out, and other copies of a class (of another realm, of a
 * package) are met as well. So is a `WebAssembly.Module`, in whose place V8 writes nothing: what comes behind it could not
 * be read.
 *
 * Others that have no global (`net.BlockList`, histograms of `perf_hooks`) know how to be posted to another thread: their
 * prototype has a method for it, under a symbol of Node's. V8's serializer knows nothing of that.
 */
const CLONED_BY_NODE = 'messaging_clone_symbol';
const WASM_MODULE = 'WebAssembly.Module';

/** Classes of the language that look like interfaces: V8 writes them, or refuses them by itself. */
const OF_THE_LANGUAGE = new Set([
  ...['ArrayBuffer', 'SharedArrayBuffer', 'DataView', 'Map', 'Set', 'WeakMap', 'WeakSet', 'WeakRef'],
  ...['BigInt', 'Symbol', 'Promise', 'FinalizationRegistry'],
]);

/** By prototype, whatever is neither a plain object nor an array. */
const found = new WeakMap<object, string | undefined>();

const { getOwnPropertyDescriptor, getPrototypeOf } = Object;
const OBJECT: unknown = Object.prototype;
const ARRAY: unknown = Array.prototype;

/** The name of the interface of the platform that an object has, `'URL'`; `undefined` for all others. O(1) when known. */
export function platformClassOf(value: object): string | undefined {
  const prototype: object | null = getPrototypeOf(value);
  if (prototype === OBJECT || prototype === ARRAY || prototype === null) return undefined;
  const name = found.get(prototype);
  return name !== undefined || found.has(prototype) ? name : inspect(prototype);
}

function inspect(prototype: object): string | undefined {
  let name: string | undefined;
  for (let at: object | null = prototype; at !== null && name === undefined; at = getPrototypeOf(at)) {
    name = tagOf(at) ?? nameIfClonedByNode(at);
  }
  found.set(prototype, name);
  return name;
}

function tagOf(prototype: object): string | undefined {
  const tag: unknown = getOwnPropertyDescriptor(prototype, Symbol.toStringTag)?.value;
  if (typeof tag !== 'string' || OF_THE_LANGUAGE.has(tag)) return undefined;
  if (tag === WASM_MODULE) return tag;
  return getOwnPropertyDescriptor(globalThis, tag)?.enumerable === false ? tag : undefined;
}

function nameIfClonedByNode(prototype: object): string | undefined {
  if (!Object.getOwnPropertySymbols(prototype).some(({ description }) => description === CLONED_BY_NODE))
    return undefined;
  const made: unknown = getOwnPropertyDescriptor(prototype, 'constructor')?.value;
  return typeof made === 'function' && made.name !== '' ? made.name : 'Transferable';
}

/**
 * What an error names as its cause, where no look at its properties finds it: it cannot be enumerated, and is written for all
 * that. In an array, to be told from none.
 */
export function hiddenCauseOf(item: object): [cause?: unknown] {
  if (getPrototypeOf(item) === OBJECT || !types.isNativeError(item)) return [];
  const cause = getOwnPropertyDescriptor(item, 'cause');
  return cause !== undefined && !cause.enumerable && 'value' in cause ? [cause.value] : [];
}

/** @throws CacheSerializationError for an object of the platform. */
export function refusePlatform(value: object): void {
  const name = platformClassOf(value);
  if (name !== undefined) throw new CacheSerializationError(`${withArticle(name)} cannot be stored`);
}

export const withArticle = (name: string): string => `${/^[AEIO]/.test(name) ? 'an' : 'a'} ${name}`;

/**
 * Calls `look` for a value and each object within it that a structured clone would clone, for some more than once. O(size):
 * what holds no other objects is not remembered, and that is most of it.
 */
export function everyObject(root: unknown, look: (value: object) => void): void {
  if (!isObject(root)) return;
  const met = new Set<object>();
  const open = [root];
  for (let item = open.pop(); item !== undefined; item = open.pop()) {
    look(item);
    if (met.has(item)) continue;
    const before = open.length;
    for (const child of childrenOf(item)) if (isObject(child)) open.push(child);
    if (open.length > before) met.add(item);
  }
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

/** Most are plain: nothing native is asked about those. */
function childrenOf(item: object): Iterable<unknown> {
  if (Array.isArray(item)) return item;
  if (getPrototypeOf(item) === OBJECT) return Object.values(item);
  if (types.isMap(item)) return [...item.keys(), ...item.values()];
  if (types.isSet(item)) return item;
  if (ArrayBuffer.isView(item) || types.isAnyArrayBuffer(item) || types.isProxy(item)) return [];
  return [...Object.values(item), ...hiddenCauseOf(item)];
}
