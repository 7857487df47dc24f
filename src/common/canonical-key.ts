import { createHash } from 'node:crypto';
import { types } from 'node:util';
import { CacheKeyError, describe } from './error.js';

/*
 * One string for one value. Each encoding starts with a tag of its type and says where it ends, by a length, a count or
 * a terminator, so none is the beginning of another and what is put together from them can be taken apart in one way
 * only: equal strings mean equal values. An encoding longer than `MAX_LENGTH` is replaced by '#' and its SHA-256, which
 * no other encoding starts with; nested ones too, so that a value costs no more than its size however its parts are
 * shared.
 */
const MAX_LENGTH = 120;
const MAX_DEPTH = 1000;

/**
 * A string that stands for a value: the same for equal values, different for different ones. Objects, `Map`s and `Set`s
 * count regardless of order, arrays in order; types are told apart (`1`, `'1'`, `[1]`, `{0: 1}`, `1n`), so are `0` and
 * `-0`, `null` and `undefined`, each kind of typed array, a hole and `undefined`. At most 120 characters, readable when
 * short.
 *
 * O(size of the value); binary is digested at about 1 GB/s.
 *
 * @throws CacheKeyError, naming the path to it, for what has no content to compare: functions, symbols, promises, weak
 *   collections, instances of classes, cycles.
 */
export function canonicalKey(value: unknown): string {
  return new Encoder('$').encode(value);
}

/** The key of a call: as `canonicalKey` of the list, with trailing `undefined`s absent, since `f(a)` is `f(a, undefined)`. */
export function canonicalArgs(args: readonly unknown[]): string {
  let length = args.length;
  while (length > 0 && args[length - 1] === undefined) length--;
  return new Encoder('arguments').encode(args.slice(0, length));
}

/**
 * The key under which a loader's result is stored: its name, a colon, the canonical key of its input. Colons and
 * percent signs in the name are percent-encoded, so that two loaders never share a key.
 */
export function keyOf(name: string, input: unknown): string {
  if (typeof name !== 'string' || name === '') {
    throw new CacheKeyError(`name: expected a non-empty string; got ${describe(name)}`);
  }
  return `${name.replace(/[%:]/g, encodeURIComponent)}:${new Encoder('input').encode(input)}`;
}

/** An index, the name of a property, or the key of a `Map`. */
type Step = number | string | { key: unknown };

class Encoder {
  private readonly path: Step[] = [];
  /** Objects on the way from the root to here: meeting one again is a cycle. */
  private readonly open = new Set<object>();
  private readonly done = new Map<object, string>();

  constructor(private readonly root: string) {}

  encode(value: unknown): string {
    switch (typeof value) {
      case 'string':
        return shorten(text(value));
      case 'number':
        return Object.is(value, -0) ? 'd-0;' : `d${value};`;
      case 'boolean':
        return value ? 't' : 'f';
      case 'undefined':
        return 'u';
      case 'bigint':
        return shorten(`i${value};`);
      case 'object':
        return value === null ? 'n' : this.object(value);
      default:
        return this.refuse(`a ${typeof value} has no stable key`);
    }
  }

  private object(value: object): string {
    const known = this.done.get(value);
    if (known !== undefined) return known;
    if (this.open.has(value)) this.refuse('a cycle has no stable key');
    if (this.open.size >= MAX_DEPTH) this.refuse(`nested more than ${MAX_DEPTH} levels deep`);
    this.open.add(value);
    const key = shorten(this.contents(value));
    this.open.delete(value);
    this.done.set(value, key);
    return key;
  }

  private contents(value: object): string {
    if (Array.isArray(value)) return this.array(value);
    if (isPlain(value)) return `o${this.properties(value)}`;
    if (ArrayBuffer.isView(value) || types.isAnyArrayBuffer(value)) return this.binary(value);
    if (types.isNativeError(value)) return this.error(value);
    if (types.isBoxedPrimitive(value)) return `B${this.encode(value.valueOf())}`;
    const key = isSubclass(value) ? undefined : this.builtIn(value);
    return key ?? this.refuse(`${describe(value)} has no stable key; expected plain data, or give a key of your own`);
  }

  private builtIn(value: object): string | undefined {
    if (types.isMap(value)) return this.map(value);
    if (types.isSet(value)) return this.set(value);
    if (types.isDate(value)) return `D${value.getTime()};`;
    if (types.isRegExp(value)) return `r${text(value.source)}${text(value.flags)}`;
    return value instanceof URL ? `U${text(value.href)}` : undefined;
  }

  private array(array: readonly unknown[]): string {
    const keys = Object.keys(array);
    const isDense = keys.length === array.length && (keys.length === 0 || keys.at(-1) === String(keys.length - 1));
    if (!isDense || hasSymbols(array)) return `A${array.length}:${this.properties(array)}`;
    let key = `a${array.length}:`;
    for (let i = 0; i < array.length; i++) key += this.at(i, array[i]);
    return key;
  }

  private properties(value: object): string {
    if (hasSymbols(value)) this.refuse('a property named by a symbol has no stable key');
    const names = Object.keys(value).sort();
    let key = `${names.length}:`;
    for (const name of names) key += text(name) + this.at(name, Reflect.get(value, name));
    return key;
  }

  private map(map: ReadonlyMap<unknown, unknown>): string {
    const entries: string[] = [];
    for (const [name, member] of map) {
      entries.push(this.at({ key: name }, name) + this.at({ key: name }, member));
    }
    return `m${entries.length}:${entries.sort().join('')}`;
  }

  private set(set: ReadonlySet<unknown>): string {
    const members: string[] = [];
    for (const member of set) members.push(this.at(members.length, member));
    return `S${members.length}:${members.sort().join('')}`;
  }

  /** What an error says, not where it arose. */
  private error(error: Error): string {
    const cause = 'cause' in error ? this.at('cause', error.cause) : 'h';
    return `E${text(String(error.name))}${text(String(error.message))}${cause}${this.properties(error)}`;
  }

  private binary(value: ArrayBufferView | ArrayBufferLike): string {
    const kind = Buffer.isBuffer(value) ? 'Buffer' : Object.prototype.toString.call(value).slice(8, -1);
    const bytes = bytesOf(value) ?? this.refuse(`the buffer of this ${kind} has been detached`);
    return `b${text(kind)}${bytes.byteLength}:${createHash('sha256').update(bytes).digest('base64url')}`;
  }

  private at(step: Step, value: unknown): string {
    this.path.push(step);
    const key = this.encode(value);
    this.path.pop();
    return key;
  }

  private refuse(why: string): never {
    throw new CacheKeyError(`${this.root}${this.path.map(stepText).join('')}: ${why}`);
  }
}

function stepText(step: Step): string {
  if (typeof step === 'number') return `[${step}]`;
  if (typeof step === 'object') return `.get(${describe(step.key)})`;
  return /^[A-Za-z_$][\w$]*$/.test(step) ? `.${step}` : `[${JSON.stringify(step)}]`;
}

/** Objects of other realms included: their prototype is an `Object.prototype` too. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return true;
  return Object.getPrototypeOf(prototype) === null && describe(value) === 'an object';
}

/** Subclasses of Map, Date and so on may hold more than what is known of their parents. */
function isSubclass(value: object): boolean {
  const root: unknown = Object.getPrototypeOf(Object.getPrototypeOf(value));
  return root === null || Object.getPrototypeOf(root) !== null || Object.keys(value).length > 0;
}

const text = (value: string): string => `s${value.length}:${value}`;

function hasSymbols(value: object): boolean {
  return Object.getOwnPropertySymbols(value).some((symbol) =>
    Object.prototype.propertyIsEnumerable.call(value, symbol),
  );
}

/** UTF-16, since UTF-8 would make one of all lone surrogates. */
function shorten(key: string): string {
  return key.length <= MAX_LENGTH ? key : `#${createHash('sha256').update(key, 'utf16le').digest('base64url')}`;
}

/** The bytes of a view or a buffer; `undefined` when they have been given away. */
function bytesOf(value: ArrayBufferView | ArrayBufferLike): Uint8Array | undefined {
  try {
    if (!ArrayBuffer.isView(value)) return new Uint8Array(value);
    return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  } catch {
    return undefined;
  }
}
