/**
 * The shape of a configuration, and every mistake in it at once. What an option may hold is not written here: each is
 * tried on the function that the cache itself checks it with. Imported only when a configuration is read.
 */
import {
  type GenericSchema,
  lazy,
  looseObject,
  optional,
  pipe,
  rawCheck,
  record,
  safeParse,
  string,
  unknown,
} from 'valibot';
import { parseBytes } from '../common/bytes.js';
import { CacheConfigError, describe } from '../common/error.js';
import { usableHeap } from '../common/memory.js';
import { nearest } from '../common/nearest.js';
import { type CacheOptions, oneOf, resolveCacheOptions } from '../options.js';
import { boundedByMemory, resolveLoaderUrl, resolveSharedOptions, type SharedCacheOptions } from '../shared/options.js';
import { loaderUrl } from './loader-url.js';
import { complaintOf, type Mistake } from './mistake.js';
import { isRecord, KINDS, LOCAL_OPTIONS, optionsOf, POOL_OPTIONS, SHARED_OPTIONS } from './options.js';

/** Names that a cache cannot have: what `createCaches` returns has them itself. */
const RESERVED = ['', 'apply', 'close', 'resize', '__proto__', 'constructor', 'prototype'];

/** Throws a CacheConfigError when it does not like the value. */
type Check = (value: unknown) => unknown;

/** All mistakes but those of budgets that do not add up. Paths of loaders begin at `base`. */
export function mistakesIn(config: unknown, base: string): Mistake[] {
  const { issues = [] } = safeParse(whole(base), config);
  const found = issues.map(({ path = [], message }) => ({ keys: path.map((item) => String(item.key)), message }));
  return [...found, ...takenNames(config)];
}

/** By hand, since valibot never sees some of these. */
function takenNames(config: unknown): Mistake[] {
  const caches = isRecord(config) && isRecord(config['caches']) ? config['caches'] : {};
  return RESERVED.filter((name) => Object.hasOwn(caches, name)).map((name) => ({
    keys: ['caches', name],
    message: `expected a name that the object of all caches does not need itself; got ${describe(name)}`,
  }));
}

function whole(base: string) {
  const definition = lazy((input) => definitionLike(input, base));
  const caches = pipe(
    leaf((value) => expectRecord(value, 'an object of caches by name')),
    record(string(), definition),
  );
  return object(
    'a configuration',
    {
      $schema: leaf((value) => expectString(value, '$schema')),
      maxBytes: leaf((value) => boundedByMemory(parseBytes(value, 'maxBytes'))),
      caches,
    },
    { caches: (value) => expectRecord(value, 'an object of caches by name') },
  );
}

function definitionLike(input: unknown, base: string) {
  const options = isRecord(input) ? optionsOf(input) : {};
  const kind = isRecord(input) ? input['kind'] : undefined;
  const isLocal = kind === 'local';
  const what = isLocal ? 'a local cache' : kind === 'shared' ? 'a shared cache' : 'a cache';
  const nested = { ...(isLocal ? {} : sharedParts(input, base)), ...localParts(base) };
  const entries = Object.keys(options).map((name) => [name, nested[name] ?? leaf(optionCheck(name, isLocal))]);
  const checkKind: Check = (value) => oneOf(value, KINDS, 'kind');
  return object(what, { kind: leaf(checkKind), ...Object.fromEntries(entries) }, { kind: checkKind });
}

function optionCheck(name: string, isLocal: boolean): Check {
  if (name === 'share') return checkShare;
  if (name === 'maxBytes' && isLocal) return (value) => parseBytes(value, name, usableHeap);
  const isOfLocal = isLocal || !(name in SHARED_OPTIONS);
  return (value) =>
    isOfLocal
      ? resolveCacheOptions({ maxBytes: 1, [name]: value } as CacheOptions<string, unknown>)
      : resolveSharedOptions({ name: 'cache', maxBytes: 1, [name]: value } as SharedCacheOptions<unknown>);
}

function localParts(base: string): Record<string, GenericSchema> {
  return {
    loader: leaf((value) => typeof value === 'function' || checkLoader('loader', value, base)),
  };
}

/** What of a shared cache is an object itself, or depends on another option. */
function sharedParts(input: unknown, base: string): Record<string, GenericSchema> {
  const named = isRecord(input) && isRecord(input['loaders']) ? input['loaders'] : {};
  const modules = Object.keys(named).filter((name) => typeof named[name] !== 'function');
  const poolParts = Object.keys(POOL_OPTIONS).map((name) => [name, leaf((value) => checkPool({ [name]: value }))]);
  const loaderLike = rawCheck<Record<string, unknown>>(({ dataset: { value }, addIssue }) => {
    for (const [name, loader] of isRecord(value) ? Object.entries(value) : []) {
      if (typeof loader === 'function') continue;
      const message = complaintOf(() => checkLoader(name, loader, base));
      if (message !== undefined) addIssue({ message, path: [item(value, name)] });
    }
  });
  return {
    loaders: pipe(
      leaf((value) => expectRecord(value, 'an object of loaders by name')),
      looseObject({}),
      loaderLike,
    ),
    defaultLoader: leaf((value) => checkDefault(value, modules)),
    pool: pipe(
      object('a pool', Object.fromEntries(poolParts), {}),
      // Options that are right, each by itself, and do not go together.
      rawCheck(({ dataset, addIssue }) => {
        const message = dataset.issues ? undefined : complaintOf(() => checkPool(dataset.value));
        if (message !== undefined) addIssue({ message });
      }),
    ),
  };
}

function checkPool(pool: unknown): void {
  resolveSharedOptions({ name: 'cache', maxBytes: 1, pool } as SharedCacheOptions<unknown>);
}

function checkDefault(value: unknown, modules: readonly string[]): void {
  if (modules.some((name) => name === value)) return;
  const known = modules.map((name) => `'${name}'`).join(', ') || 'there are none';
  throw new CacheConfigError(
    `defaultLoader: expected one of the loaders that are modules (${known}); got ${describe(value)}`,
  );
}

function checkLoader(name: string, value: unknown, base: string): void {
  resolveLoaderUrl(name, loaderUrl(value, base));
}

function checkShare(value: unknown): void {
  if (typeof value === 'number' && value > 0 && value <= 1) return;
  throw new CacheConfigError(
    `share: expected a fraction of the whole budget, above 0 and at most 1; got ${describe(value)}`,
  );
}

function expectRecord(value: unknown, what: string): void {
  if (!isRecord(value)) throw new CacheConfigError(`config: expected ${what}; got ${describe(value)}`);
}

function expectString(value: unknown, name: string): void {
  if (typeof value !== 'string') throw new CacheConfigError(`${name}: expected a string; got ${describe(value)}`);
}

/** A value that a function checks. */
function leaf(check: Check) {
  return pipe(
    unknown(),
    rawCheck(({ dataset, addIssue }) => {
      const message = complaintOf(() => check(dataset.value));
      if (message !== undefined) addIssue({ message });
    }),
  );
}

/** An object of which every key is known. */
function object(what: string, entries: Record<string, GenericSchema>, required: Record<string, Check>) {
  const parts = Object.fromEntries(Object.entries(entries).map(([name, part]) => [name, optional(part)]));
  return pipe(
    leaf((value) => expectRecord(value, `${what}, an object`)),
    looseObject(parts),
    rawCheck(({ dataset: { value }, addIssue }) => {
      if (!isRecord(value)) return;
      for (const [name, check] of Object.entries(required)) {
        const message = value[name] === undefined ? complaintOf(() => check(undefined)) : undefined;
        if (message !== undefined) addIssue({ message, path: [item(value, name)] });
      }
      for (const name of Object.keys(value).filter((key) => !Object.hasOwn(entries, key))) {
        const message = `expected an option of ${what}${hint(name, entries)}; got ${describe(value[name])}`;
        addIssue({ message, path: [item(value, name)] });
      }
    }),
  );
}

function hint(name: string, known: object): string {
  const meant = nearest(name, Object.keys(known));
  if (meant !== undefined) return ` (did you mean '${meant}'?)`;
  if (!('kind' in known)) return '';
  if (name === 'name') return ' (its name is the one that it has in caches)';
  if (name in LOCAL_OPTIONS) return ` ('${name}' is one of a local cache)`;
  return name in SHARED_OPTIONS ? ` ('${name}' is one of a shared cache)` : '';
}

/** A step of valibot's paths. */
function item(input: unknown, key: string) {
  const owner = isRecord(input) ? input : {};
  return { type: 'object', origin: 'value', input: owner, key, value: owner[key] } as const;
}
