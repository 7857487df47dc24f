import { types } from 'node:util';
import v8 from 'node:v8';
import { describe } from '../common/error.js';
import { isBinary, isDetached } from './part.js';
import { everyObject, hiddenCauseOf, platformClassOf, withArticle } from './platform.js';

/** Things looked at to find the culprit. */
const SEARCH_STEPS = 1_000_000;
const IDENTIFIER = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u;

/** In the place of a value whose getter throws. */
class Thrown {
  constructor(readonly error: unknown) {}
}

interface Place {
  value: unknown;
  parent: Place | undefined;
  /** How the parent refers to it: `.name`, `[3]`. */
  step: string;
}

/** Where in a value something lies that cannot be stored, and what it is: `$.frames[3].onload: a function ...`. */
export function findUnstorable(root: unknown): string | undefined {
  return findByKind(root, (value) => reasonAgainst(value)) ?? findByTrying(root);
}

/**
 * Where in a value something lies that has no structured clone, or of which `structuredClone` silently makes something else.
 * What only V8 knows not to be cloneable is not found.
 */
export const findUncloneable = (root: unknown): string | undefined =>
  findByKind(root, (value) => reasonAgainst(value, reasonAgainstClone));

/** As `findUncloneable`, of what would be lost without a word only. O(size), and little where there is nothing. */
export function findLost(root: unknown): string | undefined {
  let isSuspect = false;
  everyObject(root, (value) => {
    isSuspect ||= platformClassOf(value) !== undefined;
  });
  if (!isSuspect) return undefined;
  // What is refused is not lost: V8 says so itself, unless it is handed over.
  return findByKind(root, (value) => (typeof value === 'object' && value !== null ? lossOf(value).lost : undefined));
}

const reasonAgainstClone = (value: object): string | undefined => {
  const { lost, refused } = lossOf(value);
  return lost ?? refused;
};

/** What becomes of an object of the platform that does not become another of its class: depends on the major of Node, so it is tried. */
function lossOf(value: object): { lost?: string; refused?: string } {
  const name = types.isProxy(value) ? undefined : platformClassOf(value);
  if (name === undefined) return {};
  let become: string | undefined;
  try {
    become = platformClassOf(structuredClone(value));
  } catch {
    return { refused: `${withArticle(name)} cannot be cloned` };
  }
  if (become === name) return {};
  return { lost: `${withArticle(name)} becomes ${become ? withArticle(become) : 'an empty object'}` };
}

/** In the order in which the value is written. */
function findByKind(root: unknown, reasonAgainst: (value: unknown) => string | undefined): string | undefined {
  const stack: Place[] = [{ value: root, parent: undefined, step: '$' }];
  const seen = new Set<unknown>();
  for (let steps = 0; stack.length > 0 && steps < SEARCH_STEPS; steps++) {
    const place = stack.pop()!;
    const { value } = place;
    const reason = reasonAgainst(value);
    if (reason) return `${pathOf(place)}: ${reason}`;
    if (isLeaf(value) || seen.has(value)) continue;
    seen.add(value);
    stack.push(...placesIn(place).reverse());
  }
  return undefined;
}

/**
 * What V8 alone knows of: iterators, handles of native code. Follows the first child that cannot be written, and its first
 * child, and so on. O(depth · size).
 */
function findByTrying(root: unknown): string | undefined {
  const seen = new Set<unknown>();
  let place: Place = { value: root, parent: undefined, step: '$' };
  let reason = refusalOf(root);
  if (reason === undefined) return undefined;
  for (;;) {
    seen.add(place.value);
    let culprit: Place | undefined;
    for (const child of isLeaf(place.value) ? [] : placesIn(place)) {
      const refusal = seen.has(child.value) ? undefined : refusalOf(child.value);
      if (refusal === undefined) continue;
      culprit = child;
      reason = refusal;
      break;
    }
    if (culprit === undefined) return `${pathOf(place)}: it cannot be stored: ${reason}`;
    place = culprit;
  }
}

/** Writes nothing of what is binary: others have found that good. */
class Probe extends v8.Serializer {
  _writeHostObject(object: unknown): void {
    if (!isBinary(object)) throw new Error('an object of native code');
  }

  _getSharedArrayBufferId(): number {
    return 0;
  }
}

/** Why V8 does not write a value, by its message. */
function refusalOf(value: unknown): string | undefined {
  const probe = new Probe();
  // Views are no host objects to the plain Serializer otherwise.
  Reflect.apply(Reflect.get(probe, '_setTreatArrayBufferViewsAsHostObjects'), probe, [true]);
  try {
    probe.writeValue(value);
    return undefined;
  } catch (error) {
    return textOf(error);
  }
}

const isLeaf = (value: unknown): boolean => typeof value !== 'object' || value === null || isBinary(value);

function placesIn(parent: Place): Place[] {
  const places: Place[] = [];
  for (const [step, value] of childrenOf(parent.value as object)) places.push({ value, parent, step });
  return places;
}

function reasonAgainst(value: unknown, ofPlatform = reasonAgainstPlatform): string | undefined {
  switch (typeof value) {
    case 'function':
      return 'a function cannot be stored';
    case 'symbol':
      return 'a symbol cannot be stored';
    case 'object':
      return value === null ? undefined : (reasonAgainstObject(value) ?? ofPlatform(value));
    default:
      return undefined;
  }
}

function reasonAgainstObject(value: object): string | undefined {
  // First: whatever else is asked of it may call a trap.
  if (types.isProxy(value)) return 'a Proxy cannot be stored';
  if (value instanceof Thrown) return `its getter throws: ${textOf(value.error)}`;
  if (types.isPromise(value)) return 'a promise cannot be stored';
  if (types.isWeakMap(value)) return 'a WeakMap cannot be stored';
  if (types.isWeakSet(value)) return 'a WeakSet cannot be stored';
  if (value instanceof WeakRef) return 'a WeakRef cannot be stored';
  if (types.isGeneratorObject(value)) return 'a generator cannot be stored';
  if (types.isExternal(value)) return 'a handle of native code cannot be stored';
  if (types.isModuleNamespaceObject(value)) return 'a module cannot be stored';
  if (isBinary(value) && isDetached(value)) return 'a buffer that has been detached cannot be stored';
  return undefined;
}

function reasonAgainstPlatform(value: object): string | undefined {
  const name = types.isProxy(value) ? undefined : platformClassOf(value);
  return name === undefined ? undefined : `${withArticle(name)} cannot be stored`;
}

function* childrenOf(value: object): Iterable<[string, unknown]> {
  if (types.isMap(value)) {
    let index = 0;
    for (const [key, member] of value) {
      yield [`.keys()[${index++}]`, key];
      yield [`.get(${typeof key === 'string' ? JSON.stringify(key) : String(typeof key)})`, member];
    }
  } else if (types.isSet(value)) {
    let index = 0;
    for (const member of value) yield [`.values()[${index++}]`, member];
  }
  for (const key of Object.keys(value)) yield [stepOf(value, key), read(value, key)];
  for (const cause of hiddenCauseOf(value)) yield ['.cause', cause];
}

function read(value: object, key: string): unknown {
  try {
    return Reflect.get(value, key);
  } catch (error) {
    return new Thrown(error);
  }
}

function textOf(error: unknown): string {
  if (error instanceof Error) return error.message;
  return typeof error === 'object' ? describe(error) : String(error);
}

function stepOf(value: object, key: string): string {
  if (Array.isArray(value) && /^\d+$/.test(key)) return `[${key}]`;
  return IDENTIFIER.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
}

function pathOf(place: Place): string {
  const steps: string[] = [];
  for (let at: Place | undefined = place; at; at = at.parent) steps.push(at.step);
  return steps.reverse().join('');
}
