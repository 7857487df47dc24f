import { inspect, types } from 'node:util';

/** A built-in's own prototype → its name. What users make is looked at again each time: it may change. */
const names = new WeakMap<object, string>([
  [Buffer.prototype, 'Buffer'],
  [URL.prototype, 'URL'],
]);

/**
 * The name of the built-in that a value is a direct instance of, in any realm: `'Object'`, `'Map'`, `'Buffer'`, …;
 * `'null'` without a prototype; `undefined` for instances of classes and of their subclasses. It is told by the prototype
 * alone, so what lies behind it (`types.isMap`) is to be checked as well.
 */
export function builtInName(value: object): string | undefined {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (typeof prototype !== 'object' || prototype === null) return prototype === null ? 'null' : undefined;
  const known = names.get(prototype);
  if (known !== undefined) return known;
  const maker: unknown = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value;
  if (typeof maker !== 'function' || maker.prototype !== prototype) return undefined;
  // The source text cannot be imitated, neither by a class of the same name nor by a bound function, which has none.
  const name = /^function (\w+)\(\) \{ \[native code\] \}$/.exec(Function.prototype.toString.call(maker))?.[1];
  if (name !== undefined) names.set(prototype, name);
  return name;
}

const SHORT = 64;

/** Whether something has been hung on a built-in beside its content: properties, named by strings or symbols. */
export function hasExtras(value: object): boolean {
  if (types.isTypedArray(value) && value.length > SHORT) return hasExtrasBesideElements(value);
  let own = 0;
  if (types.isTypedArray(value)) own = value.length;
  else if (types.isStringObject(value)) own = String.prototype.valueOf.call(value).length + 1;
  else if (types.isRegExp(value)) own = 1;
  return Reflect.ownKeys(value).length > own;
}

/** To list the keys of a typed array is to list its elements, each as a string; `inspect` alone leaves them out. */
function hasExtrasBesideElements(value: object): boolean {
  const shown = inspect(value, {
    maxArrayLength: 0,
    customInspect: false,
    depth: 0,
    breakLength: Number.POSITIVE_INFINITY,
  });
  return !/^[^[]+(\[\w+\] )?\[ \.\.\. \d+ more items? \]$/.test(shown);
}
