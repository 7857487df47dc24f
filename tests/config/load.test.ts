import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { CacheConfigError } from '../../src/common/error.js';
import { loadAny } from '../../src/config/load.js';

const home = realpathSync(mkdtempSync(join(tmpdir(), 'cachalot-config-')));
afterAll(() => rmSync(home, { recursive: true, force: true }));

/** Files below the folder of these tests. */
function write(files: Record<string, string>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(home, path)), { recursive: true });
    writeFileSync(join(home, path), text);
  }
}

/** What is complained about, `path: message`. */
async function complaints(config: unknown, env: Record<string, string> = {}): Promise<string[]> {
  try {
    await loadAny(config as never, { cwd: home, env });
    return [];
  } catch (error) {
    if (!(error instanceof CacheConfigError)) throw error;
    return (error.issues ?? []).map(({ path, message }) => `${path}: ${message}`);
  }
}

const refusal = (source: unknown, cwd = home): Promise<string> =>
  loadAny(source as never, { cwd, env: {} }).then(
    () => 'nothing was refused',
    (error: unknown) => (error instanceof CacheConfigError ? error.message : `not a CacheConfigError: ${error}`),
  );

write({ 'thumb.js': 'export default () => 1;', 'loaders/thumb.js': 'export default () => 1;' });

const local = (definition: object = {}) => ({ caches: { a: { kind: 'local', maxBytes: '1MiB', ...definition } } });
const shared = (definition: object = {}) => ({ caches: { a: { kind: 'shared', maxBytes: '1MiB', ...definition } } });

describe('a configuration with mistakes', () => {
  it('is told all of them at once, each with its path, what was expected and what came', async () => {
    const config = {
      maxBytes: '50x',
      cashes: {},
      caches: {
        thumbnails: { kind: 'shared', share: 1.5, ttl: 0, policy: 'lur', loaders: { thumb: './nowhere.js' } },
        metadata: { kind: 'tiered', share: 0.1, graze: '1h' },
        'my tiles': { kind: 'local', maxBytes: '1MiB', maxEntries: 0.5, onEvicted: 'log' },
      },
    };
    const text = await refusal(config);
    expect(text.split('\n')).toEqual([
      'config: expected a configuration; got one with 10 mistakes:',
      `  - maxBytes: expected a positive number of bytes, or a string such as '512MiB', '2gb' or '25%'; got "50x" (string)`,
      '  - caches.thumbnails.share: expected a fraction of the whole budget, above 0 and at most 1; got 1.5 (number)',
      `  - caches.thumbnails.policy: expected one of 'auto', 'lru', 'lfu', 'fifo', 'gdsf' or the URL of a module; got "lur" (string)`,
      expect.stringMatching(
        /^ {2}- caches\.thumbnails\.ttl: expected a positive number of milliseconds, .*; got 0 \(number\)$/,
      ),
      expect.stringMatching(
        /^ {2}- caches\.thumbnails\.loaders\.thumb: expected the URL of a module; there is no file .*nowhere\.js$/,
      ),
      `  - caches.metadata.kind: expected one of 'shared', 'local'; got "tiered" (string)`,
      `  - caches.metadata.graze: expected an option of a cache (did you mean 'grace'?); got "1h" (string)`,
      '  - caches["my tiles"].maxEntries: expected a whole number above 0, or Infinity; got 0.5 (number)',
      '  - caches["my tiles"].onEvicted: expected a function; got "log" (string)',
      `  - cashes: expected an option of a configuration (did you mean 'caches'?); got an object`,
    ]);
    expect(await complaints(config)).toEqual(
      text
        .split('\n')
        .slice(1)
        .map((line) => line.slice(4)),
    );
  });

  it('a single one is told in one line, and issues are frozen', async () => {
    expect(await refusal(local({ ttl: 'soon' }))).toMatch(
      /^config: caches\.a\.ttl: expected .*; got "soon" \(string\)$/,
    );
    const error = await loadAny(local({ ttl: 'soon' }) as never, { env: {} }).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(CacheConfigError);
    expect((error as CacheConfigError).code).toBe('ERR_CACHE_CONFIG');
    expect(Object.isFrozen((error as CacheConfigError).issues)).toBe(true);
    expect(new CacheConfigError('other').issues).toBeUndefined();
  });

  it.each<[unknown, string]>([
    [{}, 'caches: expected an object of caches by name; got undefined'],
    [{ caches: [] }, 'caches: expected an object of caches by name; got an instance of Array'],
    [{ caches: null }, 'caches: expected an object of caches by name; got null'],
    [{ caches: { a: null } }, 'caches.a: expected a cache, an object; got null'],
    [{ caches: {}, $schema: 1 }, '$schema: expected a string; got 1 (number)'],
    [{ caches: {}, maxBytes: 0 }, 'maxBytes: expected a positive number of bytes'],
    [{ caches: {}, maxBytes: 2 ** 52 }, 'maxBytes: expected at most the'],
    [{ caches: { close: { kind: 'local', maxBytes: 9 } } }, 'caches.close: expected a name that the object of all'],
    [JSON.parse('{"caches":{"__proto__":{"kind":"local","maxBytes":9}}}'), 'caches.__proto__: expected a name'],
    [{ caches: { a: { maxBytes: 9 } } }, `caches.a.kind: expected one of 'shared', 'local'; got undefined`],
    [local({ weigher: 1 }), 'caches.a.weigher: expected a function; got 1 (number)'],
    [local({ clock: {} }), 'caches.a.clock: expected an object with now(): number; got an object'],
    [local({ copy: 'no' }), 'caches.a.copy: expected true or false; got "no" (string)'],
    [local({ cost: 'dear' }), 'caches.a.cost: expected one of'],
    [local({ loader: 5 }), 'caches.a.loader: expected the URL of a module; got 5 (number)'],
    [local({ loader: './gone.js' }), 'caches.a.loader: expected the URL of a module; there is no file'],
    [local({ maxBytes: '101%' }), `caches.a.maxBytes: expected a percentage above 0 and up to '100%'`],
    [local({ maxEntryBytes: 'big' }), 'caches.a.maxEntryBytes: expected a positive number of bytes'],
    [
      local({ loaders: {} }),
      `caches.a.loaders: expected an option of a local cache (did you mean 'loader'?); got an object`,
    ],
    [local({ pool: {} }), `caches.a.pool: expected an option of a local cache ('pool' is one of a shared cache)`],
    [
      local({ name: 'b' }),
      'caches.a.name: expected an option of a local cache (its name is the one that it has in caches)',
    ],
    [local({ nonsense: 1 }), 'caches.a.nonsense: expected an option of a local cache; got 1 (number)'],
    [shared({ policy: {} }), 'caches.a.policy: expected one of'],
    [shared({ copy: true }), `caches.a.copy: expected an option of a shared cache ('copy' is one of a local cache)`],
    [shared({ loaders: [] }), 'caches.a.loaders: expected an object of loaders by name; got an instance of Array'],
    [shared({ loaders: { x: 1 } }), 'caches.a.loaders.x: expected the URL of a module; got 1 (number)'],
    [
      shared({ defaultLoader: 'x' }),
      'caches.a.defaultLoader: expected one of the loaders that are modules (there are none)',
    ],
    [
      shared({ loaders: { x: './thumb.js' }, defaultLoader: 'y' }),
      `caches.a.defaultLoader: expected one of the loaders that are modules ('x')`,
    ],
    [shared({ pool: 4 }), 'caches.a.pool: expected a pool, an object; got 4 (number)'],
    [shared({ pool: { minThreads: 2, maxThreads: 1 } }), 'caches.a.pool: expected at most maxThreads (1); got 2'],
    [
      shared({ pool: { maxThread: 1 } }),
      `caches.a.pool.maxThread: expected an option of a pool (did you mean 'maxThreads'?)`,
    ],
    [shared({ pool: { resourceLimits: { heap: 1 } } }), 'caches.a.pool.resourceLimits: expected an object of numbers'],
    [
      shared({ pool: { execArgv: '--import' } }),
      'caches.a.pool.execArgv: expected an array of strings; got "--import"',
    ],
    [shared({ pool: { env: { A: 1 } } }), 'caches.a.pool.env: expected an object of strings; got an object'],
    [shared({ reserveTimeout: -1 }), 'caches.a.reserveTimeout: expected a positive number of milliseconds'],
  ])('%j', async (config, complaint) => {
    const found = await complaints(config);
    expect(found).toHaveLength(1);
    expect(found[0]!.slice(0, complaint.length)).toBe(complaint);
  });

  it('one that came from the environment names the variable', async () => {
    expect(await complaints(local(), { CACHALOT_CACHES_A_COPY: 'yes' })).toEqual([
      'caches.a.copy: expected true or false; got "yes" (string), from CACHALOT_CACHES_A_COPY',
    ]);
    expect(await complaints(local({ ttl: 'x' }), { CACHALOT_CACHES_A_TTL: '1s', CACHALOT_CACHES_B_TTL: '1s' })).toEqual(
      [
        ': CACHALOT_CACHES_B_TTL: expected the name of an option of the configuration (did you mean CACHALOT_CACHES_A_TTL?); got "1s" (string) for none',
      ],
    );
  });

  it('two in one pool are two', async () => {
    expect(await complaints(shared({ pool: { minThreads: -1, maxThreads: 0 } }))).toHaveLength(2);
  });

  it.each([[5], [null], ['']])('is no configuration at all: %j', async (source) => {
    expect(await refusal(source)).toMatch(/^config: expected the path of a file, a file URL, or an object; got /);
  });

  it('what is right is taken as it is, with functions and paths made absolute, and frozen', async () => {
    const thumb = () => 1;
    const config = {
      $schema: './schema.json',
      maxBytes: '1GiB',
      caches: {
        a: { kind: 'shared', share: 0.7, loaders: { thumb, file: './thumb.js' }, pool: { maxThreads: 2 } },
        b: { kind: 'local', share: 0.3, ttl: 'Infinity', loader: 'thumb.js', cost: () => 1, policy: 'lru' },
        c: { kind: 'local', share: undefined, maxBytes: undefined },
      },
    } as const;
    const { c: _c, ...caches } = config.caches;
    const loaded = await loadAny({ ...config, caches } as never, { cwd: home, env: {} });
    const url = pathToFileURL(join(home, 'thumb.js')).href;
    expect(loaded).toEqual({
      ...config,
      caches: {
        a: { ...caches.a, loaders: { thumb, file: url } },
        b: { ...caches.b, loader: url },
      },
    });
    expect(Object.isFrozen(loaded) && Object.isFrozen(loaded.caches) && Object.isFrozen(loaded.caches['a'])).toBe(true);
    expect(await loadAny(loaded, { env: { CACHALOT_MAX_BYTES: '2GiB' } })).toBe(loaded);
  });
});

describe('a file', () => {
  const text = JSON.stringify(shared({ loaders: { thumb: './loaders/thumb.js' } }));
  write({
    'package.json': '{}',
    'app/cachalot.config.json': text,
    'app/package.json': '{}',
    'app/src/deep/x.txt': '',
    'other/package.json': '{}',
    'other/src/x.txt': '',
    'two/cachalot.config.json': text,
    'two/cachalot.config.mjs': 'export default {}',
    'app/loaders/thumb.js': '',
    'elsewhere.json': text,
    'bom.json': `\uFEFF${text}`,
    'broken.json': '{\n  "caches": {\n    "a": { kind: 1 }\n  }\n}',
    'notes.yaml': '',
  });

  it.each([['app'], ['app/src/deep']])('is found from %s', async (folder) => {
    const loaded = await loadAny(undefined, { cwd: join(home, folder), env: {} });
    const url = pathToFileURL(join(home, 'app/loaders/thumb.js')).href;
    expect(loaded.caches['a']).toMatchObject({ loaders: { thumb: url } });
  });

  it('beyond the package is not looked for', async () => {
    const folder = join(home, 'other');
    expect(await refusal(undefined, join(folder, 'src'))).toBe(
      `config: expected a file cachalot.config.{json,js,ts} in ${folder}/src or above it, up to ${folder}; there is none`,
    );
    expect(await refusal(undefined, folder)).toMatch(/ in [^ ]+other; there is none$/);
  });

  it('two of which neither is made of the other are refused', async () => {
    expect(await refusal(undefined, join(home, 'two'))).toMatch(
      /expected one configuration file in .*two; there are cachalot\.config\.mjs, cachalot\.config\.json$/,
    );
  });

  it('is named: as a path, relative or not, and as a URL', async () => {
    const named = [
      'elsewhere.json',
      join(home, 'elsewhere.json'),
      pathToFileURL(join(home, 'elsewhere.json')),
      'bom.json',
    ];
    for (const source of [...named, String(named[2])]) {
      expect(await loadAny(source, { cwd: pathToFileURL(home), env: {} })).toMatchObject({ caches: { a: {} } });
    }
    expect(await refusal('gone.json')).toMatch(/^config: expected a file that can be read; ENOENT: .*gone\.json/);
    expect(await refusal('notes.yaml')).toMatch(
      /^config: expected the path of a file \(\.json, \.js, .*; got ".*notes\.yaml"/,
    );
  });

  it('mistakes in JSON have a line and a column, and the file a name', async () => {
    expect(await refusal('broken.json')).toBe(
      `${join(home, 'broken.json')}: line 3, column 12: expected a name in double quotes; got "kind"`,
    );
    write({ 'wrong.json': '{"caches":{"a":{"kind":"local"}}}' });
    expect(await refusal('wrong.json')).toBe(
      `${join(home, 'wrong.json')}: caches.a: expected a budget: share or maxBytes; got neither`,
    );
  });
});
