import { Cache, SharedCache } from 'cachalot';
import { afterAll } from 'vitest';
import { portraitContract } from '../contract/portrait.js';

const shared: SharedCache[] = [];
afterAll(() => Promise.all(shared.map((cache) => cache.close())));

portraitContract('Cache', async () => new Cache({ maxBytes: '1MiB', name: 'photos' }));
portraitContract('SharedCache', async () => {
  const cache = await SharedCache.create({ name: 'photos', maxBytes: '1MiB' });
  shared.push(cache);
  return cache;
});
