import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CacheConfigError } from '../../src/common/error.js';
import { loadAny } from '../../src/config/load.js';
import { LOCAL_OPTIONS, POOL_OPTIONS, SHARED_OPTIONS } from '../../src/config/options.js';
import { isValid, type Schema } from '../support/json-schema.js';

const schema: Schema = JSON.parse(
  readFileSync(new URL('../../src/config/config.schema.json', import.meta.url), 'utf8'),
);
const loader = fileURLToPath(new URL('../load/fixtures/named.loader.mjs', import.meta.url));

async function isLoaded(config: unknown): Promise<boolean> {
  try {
    await loadAny(config as never, { cwd: tmpdir(), env: {} });
    return true;
  } catch (error) {
    if (error instanceof CacheConfigError) return false;
    throw error;
  }
}

const SIZES = [
  [
    1,
    4096,
    1.9,
    '512MiB',
    '2gb',
    '25%',
    '100%',
    '100.0 %',
    '99.5%',
    '1 byte',
    '12 BYTES',
    ' 64 mib ',
    '1.5GiB',
    '0.5mb',
    '.5 kib',
    '010kb',
  ],
  [
    0,
    -1,
    0.5,
    2 ** 60,
    '',
    '512',
    '0mb',
    '0.0%',
    '0%',
    '101%',
    '100.1%',
    '-1mb',
    '1xb',
    '1e3kb',
    'constructor',
    true,
    null,
    [],
    {},
  ],
] as const;
const TIMES = [
  [250, 0.5, '250ms', '30s', '5m', '1h', '7d', '2 weeks', '1.5H', 'Infinity', ' 1 Min '],
  [0, -1, '', '60', '0s', '0.0ms', '5x', '-1s', 'infinity', true, null, [], {}],
] as const;
const WHOLE = [
  [1, 1000],
  [0, -1, 1.5, '5', true, null],
] as const;
const FROM_0 = [
  [0, 1, 1000],
  [-1, 1.5, '5', null],
] as const;
const SHARES = [
  [0.0001, 0.5, 1],
  [0, -0.5, 1.0001, '0.5', true, null],
] as const;
const PATHS = [[loader], ['', 5, null, true, {}]] as const;

/** What each option may and must not hold. */
const COMMON = {
  share: SHARES,
  maxBytes: [SIZES[0].filter((size) => !String(size).includes('G') && size !== '2gb'), SIZES[1]],
  maxEntries: WHOLE,
  maxEntryBytes: SIZES,
  policy: [
    ['auto', 'lru', 'lfu', 'fifo', 'gdsf'],
    ['LRU', '', 5, null, {}],
  ],
  cost: [
    ['requests', 'bytes', 'balanced', 'measured'],
    ['dear', 5, null, {}],
  ],
  ttl: TIMES,
  ttlJitter: [
    [0, 0.5, 30, '10%', '30s'],
    [-1, '100%', '5x', true, null],
  ],
  refreshAhead: [
    [0.5, 0.99],
    [0, 1, '0.5', null],
  ],
  idleTtl: TIMES,
  grace: TIMES,
  sweepInterval: TIMES,
  onEvicted: [[], [5, 'log', {}]],
  weigher: [[], [5, {}]],
} as const;

const LOCAL: Record<keyof typeof LOCAL_OPTIONS, readonly [readonly unknown[], readonly unknown[]]> = {
  ...COMMON,
  loader: PATHS,
  copy: [
    [true, false],
    ['true', 1, null],
  ],
  clock: [[], [5, {}]],
};

const POOL: Record<keyof typeof POOL_OPTIONS, readonly [readonly unknown[], readonly unknown[]]> = {
  minThreads: FROM_0,
  maxThreads: WHOLE,
  idleTimeout: FROM_0,
  maxQueue: [
    [...FROM_0[0], 'auto'],
    [...FROM_0[1], 'all'],
  ],
  resourceLimits: [
    [{}, { stackSizeMb: 4, maxOldGenerationSizeMb: 64.5 }],
    [5, { heap: 1 }, { stackSizeMb: 0 }, { stackSizeMb: '4' }, null],
  ],
  execArgv: [
    [[], ['--conditions=x']],
    ['--x', [5], null, {}],
  ],
  env: [
    [{}, { A: 'b' }],
    [{ A: 1 }, [], 'A=b', null],
  ],
};

const SHARED: Record<keyof typeof SHARED_OPTIONS, readonly [readonly unknown[], readonly unknown[]]> = {
  ...COMMON,
  loaders: [
    [{}, { a: loader }],
    [{ a: '' }, { a: 5 }, [], 'a', null],
  ],
  defaultLoader: [[], [5, null]],
  pool: [[{}], [5, [], null, { threads: 1 }]],
  reserveTimeout: TIMES,
};

/** Configurations around one value, with whether it is right. */
function corpus(): [string, unknown, boolean][] {
  const around = (kind: string, name: string, value: unknown) => {
    const budget = name === 'share' || name === 'maxBytes' ? {} : { maxBytes: 4096 };
    return { maxBytes: '100%', caches: { a: { kind, ...budget, [name]: value } } };
  };
  const of = (
    kind: string,
    options: object,
    wrap = (name: string, value: unknown): unknown => around(kind, name, value),
  ) =>
    Object.entries(options).flatMap(
      ([name, [right, wrong]]: [string, readonly [readonly unknown[], readonly unknown[]]]) => [
        ...right.map((value): [string, unknown, boolean] => [
          `${kind} ${name} ${JSON.stringify(value)}`,
          wrap(name, value),
          true,
        ]),
        ...wrong.map((value): [string, unknown, boolean] => [
          `${kind} ${name} ${JSON.stringify(value)}`,
          wrap(name, value),
          false,
        ]),
      ],
    );
  const a = { kind: 'local', maxBytes: 4096 };
  return [
    ...of('local', LOCAL),
    ...of('shared', SHARED),
    ...of('pool', POOL, (name, value) => around('shared', 'pool', { [name]: value })),
    ...of('whole', { maxBytes: COMMON.maxBytes }, (_, maxBytes) => ({ maxBytes, caches: {} })),
    ['a schema', { $schema: './x.json', caches: {} }, true],
    ['a schema that is no text', { $schema: 5, caches: {} }, false],
    [
      'the default among the loaders',
      { caches: { a: { ...a, kind: 'shared', loaders: { x: loader }, defaultLoader: 'x' } } },
      true,
    ],
    ['both kinds', { maxBytes: '1GiB', caches: { a, 'b c': { kind: 'shared', share: 0.5 } } }, true],
    ['no caches', {}, false],
    ['caches in an array', { caches: [] }, false],
    ['a cache that is none', { caches: { a: 5 } }, false],
    ['an unknown option', { caches: {}, total: 5 }, false],
    ['an unknown option of a cache', { caches: { a: { ...a, tll: 5 } } }, false],
    ['an option of the other kind', { caches: { a: { ...a, pool: {} } } }, false],
    ['no kind', { caches: { a: { maxBytes: 5 } } }, false],
    ['another kind', { caches: { a: { ...a, kind: 'tiered' } } }, false],
    ['no budget', { caches: { a: { kind: 'local' } } }, false],
    ['two budgets', { maxBytes: '1GiB', caches: { a: { ...a, share: 0.5 } } }, false],
    ...['', 'close', 'resize', 'apply', 'constructor', 'prototype'].map((name): [string, unknown, boolean] => [
      `the name '${name}'`,
      { caches: { [name]: a } },
      false,
    ]),
  ];
}

describe('the schema for editors', () => {
  it.each(corpus())('and the check at run time agree: %s', async (_, config, isRight) => {
    expect({ loaded: await isLoaded(config), valid: isValid(config, schema) }).toEqual({
      loaded: isRight,
      valid: isRight,
    });
  });

  it('agrees on sizes and durations of every spelling', async () => {
    const text = fc.oneof(
      fc.stringMatching(/^\s?\d{0,3}\.?\d{0,2} ?(%|[kKmMgG]?[iI]?[bB]|bytes?|ms|s|secs?|min|[hdw]|weeks?)\s?$/),
      fc.string({ maxLength: 5 }),
    );
    await fc.assert(
      fc.asyncProperty(text, fc.constantFrom('maxEntryBytes', 'ttl'), async (value, name) => {
        const config = { caches: { a: { kind: 'local', maxBytes: 4096, [name]: value } } };
        expect(isValid(config, schema)).toBe(await isLoaded(config));
      }),
      { seed: 20261121, numRuns: 1000 },
    );
  });

  it('knows every option that can be written in JSON, and says what each is', () => {
    const definitions = schema['definitions'] as Record<string, { properties?: Record<string, Schema> }>;
    const known = (name: string) => Object.keys(definitions[name]?.properties ?? {}).sort();
    const code = ['onEvicted', 'weigher', 'clock'];
    const written = (options: object) => Object.keys(options).filter((name) => !code.includes(name));
    expect(known('local')).toEqual(['kind', ...written(LOCAL_OPTIONS)].sort());
    expect(known('shared')).toEqual(['kind', ...written(SHARED_OPTIONS)].sort());
    expect(known('pool')).toEqual(Object.keys(POOL_OPTIONS).sort());
    for (const { properties = {} } of Object.values(definitions)) {
      for (const [name, { description, $ref }] of Object.entries(properties)) {
        if (name !== 'kind') expect(description ?? $ref, name).toBeTypeOf('string');
      }
    }
  });

  it('is exported', () => {
    expect(createRequire(import.meta.url)('cachalot/config.schema.json')).toEqual(schema);
  });
});
