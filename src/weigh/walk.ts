import { types } from 'node:util';
import { bufferBytes, poolShare, type RawBuffer } from './binary.js';
import {
  arrayBytes,
  bigintBytes,
  DICTIONARY_THRESHOLD,
  dictionaryBytes,
  FUNCTION_BYTES,
  HEAP_NUMBER,
  isSmallInteger,
  objectBytes,
  sparseArrayBytes,
  stringBytes,
  VIEW_HEADER,
} from './layout.js';
import { distinctRatio, Random, thin } from './sample.js';
import { shellOf } from './shell.js';

/** Children looked at in one call: the bound on its time, about 2 ms. */
const CALL_STEPS = 32_768;
/** Things kept of one level: a share of the steps that are left, so that deep graphs are seen to the end. */
const LEVEL_SHARE = 1 / 16;
const LEVEL_MIN = 64;
const LEVEL_MAX = 4096;
/** Children looked at in one level, shared among its members, but never fewer than so many of each. */
const CHILDREN_SHARE = 1 / 8;
const MEMBER_MIN = 4;
/** Entries of a `Map` or `Set` that are stepped over to reach those looked at: they cannot be indexed. */
const ITERATOR_STEPS = 16_384;
/** Strings up to this length are shared by the JSON parser and as literals: equal ones are counted once. */
const SHARED_STRING = 10;

/**
 * One measurement. Breadth first: what a thing costs by itself is charged when it is met, its children when its level
 * has its turn. A level that is too wide is thinned by systematic resampling (as in particle filters; Chen's
 * heterogeneous sampling of trees, 1992): each survivor stands for `weight` things, so the sum stays unbiased. Binary,
 * strings and the stores of arrays and maps are charged when met and never fall to the thinning, only what holds them
 * can: one huge buffer in one of a hundred thousand objects may be missed, or counted for many. The random numbers are
 * seeded: the same value has the same size.
 */
export class Walk {
  private bytes = 0;
  private steps = 0;
  private allowance = 0;
  private readonly seen = new Set<unknown>();
  private readonly shapes = new Set<string>();
  private readonly random = new Random();
  private next: object[] = [];
  private weights: number[] = [];

  measure(root: object): number {
    this.meet(root, 1);
    while (this.next.length > 0 && this.steps < CALL_STEPS) {
      const left = CALL_STEPS - this.steps;
      const width = Math.min(LEVEL_MAX, Math.max(LEVEL_MIN, left * LEVEL_SHARE));
      const level = thin(this.next, this.weights, Math.floor(width), this.random);
      this.next = [];
      this.weights = [];
      this.allowance = Math.max(MEMBER_MIN, Math.floor((left * CHILDREN_SHARE) / level.items.length));
      for (let i = 0; i < level.items.length && this.steps < CALL_STEPS; i++) {
        this.expand(level.items[i]!, level.weights[i]!);
      }
    }
    return Math.max(1, Math.round(this.bytes));
  }

  /** Charges a child that lies in a slot of its parent: the slot itself is the parent's. */
  private meet(value: unknown, weight: number): void {
    this.steps++;
    switch (typeof value) {
      case 'number':
        if (!isSmallInteger(value)) this.bytes += weight * HEAP_NUMBER;
        return;
      case 'string':
        this.meetString(value, weight);
        return;
      case 'bigint':
        this.bytes += weight * bigintBytes(value);
        return;
      case 'object':
        if (value !== null) this.meetObject(value, weight);
        return;
      case 'function':
        if (this.first(value)) this.bytes += weight * FUNCTION_BYTES;
        return;
      default:
    }
  }

  private meetString(text: string, weight: number): void {
    // Strings of one character and the empty one exist once per process.
    if (text.length < 2 || (isSharedString(text) && !this.first(text))) return;
    this.bytes += weight * stringBytes(text);
  }

  private meetObject(value: object, weight: number): void {
    if (!this.first(value)) return;
    if (ArrayBuffer.isView(value)) {
      this.meetView(value, weight);
      return;
    }
    const shell = shellOf(value);
    this.bytes += weight * shell.bytes;
    if (!shell.hasContents) return;
    this.next.push(value);
    this.weights.push(weight);
  }

  /** A view is charged with its buffer, unless another view of the same buffer has paid for it. */
  private meetView(view: ArrayBufferView, weight: number): void {
    const share = poolShare(view);
    const buffer: RawBuffer = view.buffer;
    const behind = share > 0 ? share : this.first(buffer) ? bufferBytes(buffer) : 0;
    this.bytes += weight * (VIEW_HEADER + behind);
  }

  private expand(value: object, weight: number): void {
    if (Array.isArray(value)) this.expandArray(value, weight);
    else if (types.isMap(value)) this.expandIterable(value, value.size * 2, weight, true);
    else if (types.isSet(value)) this.expandIterable(value, value.size, weight, false);
    else {
      if (types.isNativeError(value)) for (const name of HIDDEN_IN_ERRORS) this.meet(read(value, name), weight);
      this.expandObject(value, weight);
    }
  }

  private expandArray(array: readonly unknown[], weight: number): void {
    const picks = this.random.pick(array.length, this.allowance);
    const items: unknown[] = [];
    let holes = 0;
    let numbersOnly = true;
    for (const index of picks) {
      const item = array[index];
      if (item === undefined && !(index in array)) holes++;
      else {
        items.push(item);
        if (typeof item !== 'number') numbersOnly = false;
      }
    }
    if (holes > (picks.length * 8) / 9) {
      const entries = (array.length * items.length) / picks.length;
      this.charge(sparseArrayBytes(entries) - arrayBytes(array.length), weight);
    }
    // Nothing but numbers: V8 keeps them unboxed, in the slots.
    if (numbersOnly) this.steps += items.length;
    else this.meetSample(items, (array.length * items.length) / picks.length, weight);
  }

  private expandIterable(source: Iterable<unknown>, slots: number, weight: number, pairs: boolean): void {
    const size = pairs ? slots / 2 : slots;
    const reach = Math.min(size, ITERATOR_STEPS);
    const picks = this.random.pick(reach, Math.max(MEMBER_MIN, pairs ? this.allowance >> 1 : this.allowance));
    const items: unknown[] = [];
    let position = 0;
    let turn = 0;
    for (const entry of source) {
      if (position++ !== picks[turn]) continue;
      if (pairs && Array.isArray(entry)) items.push(entry[0], entry[1]);
      else items.push(entry);
      if (++turn === picks.length) break;
    }
    this.meetSample(items, slots, weight);
  }

  private expandObject(value: object, weight: number): void {
    const keys = Object.keys(value);
    const count = keys.length;
    if (count <= DICTIONARY_THRESHOLD || !this.firstOfShape(keys)) {
      this.charge(objectBytes(count), weight);
      for (const key of keys) this.meet(read(value, key), weight);
      return;
    }
    this.charge(dictionaryBytes(count), weight);
    const picks = this.random.pick(count, this.allowance);
    const items: unknown[] = [];
    let nameBytes = 0;
    for (const index of picks) {
      const key = keys[index]!;
      nameBytes += stringBytes(key);
      items.push(read(value, key));
    }
    this.charge((nameBytes * count) / picks.length, weight);
    this.meetSample(items, count, weight);
  }

  /** Meets some of `total` children, on behalf of all. */
  private meetSample(items: readonly unknown[], total: number, weight: number): void {
    if (items.length === 0) return;
    const each = (weight * total) / items.length;
    const eachObject = total > items.length ? weight * distinctRatio(items, total) : weight;
    for (const item of items) this.meet(item, typeof item === 'object' ? eachObject : each);
  }

  /** Objects with the same first and last of equally many names share one hidden class: only the first brings names. */
  private firstOfShape(keys: readonly string[]): boolean {
    const shape = `${keys.length}:${keys[0]}:${keys[keys.length - 1]}`;
    if (this.shapes.has(shape)) return false;
    this.shapes.add(shape);
    return true;
  }

  private first(value: unknown): boolean {
    if (this.seen.has(value)) return false;
    this.seen.add(value);
    return true;
  }

  private charge(bytes: number, weight: number): void {
    this.bytes += bytes * weight;
  }
}

/** What errors hold beside what can be listed; their stack is in the shell. */
const HIDDEN_IN_ERRORS = ['message', 'cause', 'errors'];

/** Whether equal ones are taken to be one. */
export const isSharedString = (text: string): boolean => text.length <= SHARED_STRING;

export function read(value: object, key: string): unknown {
  try {
    return Reflect.get(value, key);
  } catch {
    return undefined; // a getter that throws holds nothing that can be seen
  }
}
