import { describe, expect, it } from 'vitest';
import { nearest } from '../../src/common/nearest.js';
import { override } from '../../src/config/overrides.js';

const CONFIG = {
  maxBytes: '50%',
  caches: {
    thumbnails: { kind: 'shared', share: 0.7, ttl: '1h', loaders: { thumbNail: './a.js' } },
    userAvatars: { kind: 'local', maxBytes: '1MiB', copy: true },
  },
};

const complaints = (env: Record<string, string>, config: unknown = CONFIG): string[] =>
  override(config, env).mistakes.map(({ message }) => message);

describe('the environment', () => {
  it('changes options of every kind, and nothing else', () => {
    const before = structuredClone(CONFIG);
    const { config, mistakes, variables } = override(CONFIG, {
      CACHALOT_MAX_BYTES: '2GiB',
      CACHALOT_CACHES_THUMBNAILS_TTL: '30s',
      CACHALOT_CACHES_THUMBNAILS_MAX_ENTRIES: '1000',
      CACHALOT_CACHES_THUMBNAILS_POLICY: 'lru',
      CACHALOT_CACHES_THUMBNAILS_POOL_MAX_THREADS: '2',
      CACHALOT_CACHES_THUMBNAILS_LOADERS_THUMB_NAIL: './b.js',
      CACHALOT_CACHES_USER_AVATARS_COPY: 'false',
      CACHALOT_CACHES_USER_AVATARS_IDLE_TTL: '250',
      CACHALOT_CACHES_USER_AVATARS_GRACE: 'Infinity',
      CACHALOT_CACHES_USER_AVATARS_TTL: '  ',
      CACHALOT_DEV: '1',
      CACHALOT_LOG: 'x',
      PATH: '/bin',
    });
    expect(mistakes).toEqual([]);
    expect(config).toEqual({
      maxBytes: '2GiB',
      caches: {
        thumbnails: {
          kind: 'shared',
          share: 0.7,
          ttl: '30s',
          maxEntries: 1000,
          policy: 'lru',
          pool: { maxThreads: 2 },
          loaders: { thumbNail: './b.js' },
        },
        userAvatars: { kind: 'local', maxBytes: '1MiB', copy: false, idleTtl: 250, grace: Number.POSITIVE_INFINITY },
      },
    });
    expect(variables.get('caches.userAvatars.copy')).toBe('CACHALOT_CACHES_USER_AVATARS_COPY');
    expect(CONFIG).toEqual(before);
  });

  it('puts a budget in the place of one that is said in the other way', () => {
    const { config } = override(CONFIG, {
      CACHALOT_CACHES_THUMBNAILS_MAX_BYTES: '1GiB',
      CACHALOT_CACHES_USER_AVATARS_SHARE: '0.25',
    });
    expect(config).toMatchObject({ maxBytes: '50%' });
    expect(config).toHaveProperty('caches.thumbnails.maxBytes', '1GiB');
    expect(config).not.toHaveProperty('caches.thumbnails.share');
    expect(config).toHaveProperty('caches.userAvatars.share', 0.25);
    expect(config).not.toHaveProperty('caches.userAvatars.maxBytes');
  });

  it.each([
    [
      'CACHALOT_MAXBYTES',
      'CACHALOT_MAXBYTES: expected the name of an option of the configuration (did you mean CACHALOT_MAX_BYTES?); got "1" (string) for none',
    ],
    [
      'CACHALOT_MAX_BYTE',
      'CACHALOT_MAX_BYTE: expected the name of an option of the configuration (did you mean CACHALOT_MAX_BYTES?); got "1" (string) for none',
    ],
    [
      'CACHALOT_CACHES_THUMBNAIL_TTL',
      'CACHALOT_CACHES_THUMBNAIL_TTL: expected the name of an option of the configuration (did you mean CACHALOT_CACHES_THUMBNAILS_TTL?); got "1" (string) for none',
    ],
    [
      'CACHALOT_CACHES_USER_AVATARS_WEIGHER',
      'CACHALOT_CACHES_USER_AVATARS_WEIGHER: expected the name of an option of the configuration; got "1" (string) for none',
    ],
    [
      'CACHALOT_CACHES_NOBODY',
      'CACHALOT_CACHES_NOBODY: expected the name of an option of the configuration; got "1" (string) for none',
    ],
  ])('refuses %s', (variable, message) => {
    expect(complaints({ [variable]: '1' })).toEqual([message]);
  });

  it('cannot choose between two caches whose names are written alike', () => {
    const config = { caches: { 'my-tiles': { kind: 'local' }, myTiles: { kind: 'local' } } };
    expect(complaints({}, config)).toEqual([]);
    expect(complaints({ CACHALOT_CACHES_MY_TILES_TTL: '1s' }, config)).toEqual([
      'CACHALOT_CACHES_MY_TILES_TTL: expected the name of one option; it is that of caches.my-tiles.ttl and caches.myTiles.ttl',
    ]);
    const split = { caches: { a: { kind: 'local' }, a_max: { kind: 'local' }, 'a max': { kind: 'shared' } } };
    expect(complaints({ CACHALOT_CACHES_A_MAX_BYTES: '1' }, split)).toEqual([]);
    expect(complaints({ CACHALOT_CACHES_A_MAX_MAX_BYTES: '1' }, split)).toHaveLength(1);
  });

  it('finds no options in what is no configuration', () => {
    for (const config of [undefined, 5, [], { caches: 5 }, { caches: { a: 5 } }]) {
      expect(override(config, { CACHALOT_DEV: '1' }).config).toBe(config);
    }
  });
});

describe('nearest', () => {
  const options = ['share', 'maxBytes', 'maxEntries', 'ttl', 'idleTtl', 'grace'];

  it.each([
    ['shar', 'share'],
    ['sahre', 'share'],
    ['max_bytes', 'maxBytes'],
    ['maxbites', 'maxBytes'],
    ['MaxEntires', 'maxEntries'],
    ['tll', 'ttl'],
    ['idle-ttl', 'idleTtl'],
    ['grade', 'grace'],
    ['limit', undefined],
    ['', undefined],
    ['x'.repeat(10_000), undefined],
  ])('%s → %s', (text, expected) => {
    expect(nearest(text, options)).toBe(expected);
  });
});
