/** What the actors play with: the caches, their keys and the sizes of their values. */
export const CACHES = {
  /** Large values, far more of them than fit. */
  media: {
    options: { maxBytes: '48MiB', policy: 'auto', reserveTimeout: 400 },
    keys: 160,
    least: 1024,
    most: 2 * 2 ** 20,
  },
  /** Many small ones: more by bytes than there are slots, and they live for moments. */
  notes: {
    options: { maxBytes: '1MiB', policy: 'lfu', reserveTimeout: 400, ttl: 300, grace: 200 },
    keys: 6000,
    least: 24,
    most: 512,
  },
};

/** So many threads run loaders; they end when they have had nothing to do for a while. */
export const POOL = { maxThreads: 2, idleTimeout: 300, resourceLimits: { maxOldGenerationSizeMb: 48 } };

/** Pattern files, read by native calls straight into reservations. */
export const FILES = [256 * 1024, 2 ** 20, 4 * 2 ** 20];

export function fileKey(index) {
  return `file:${index}`;
}

/** What actors do, and how often, by their roles. */
export const ROLES = {
  reader: { read: 60, lease: 30, load: 4, lead: 6, write: 4, note: 20 },
  writer: { write: 30, read: 10, own: 12, reserve: 10, remove: 14, clear: 0.15, note: 40, burst: 0.4 },
  holder: { hold: 40, lease: 10, write: 8, read: 10 },
  loader: { load: 30, ruin: 3, lead: 20, read: 5, hold: 5 },
  native: { file: 20, scramble: 20, reserve: 5, read: 5 },
  pipe: { pipe: 1 },
  spinner: { lease: 10, hold: 10, write: 5, spin: 2 },
  sleeper: { lease: 10, hold: 10, write: 5, lead: 5, block: 2 },
  parent: { read: 5, write: 5, lead: 3 },
};

/** The roles of actors that live to the end. */
export const STEADY = ['reader', 'writer', 'native'];

/** How often each role is cast. */
export const CAST = {
  reader: 3,
  writer: 4,
  holder: 3,
  loader: 3,
  native: 4,
  pipe: 1,
  spinner: 2,
  sleeper: 2,
  parent: 1,
};
