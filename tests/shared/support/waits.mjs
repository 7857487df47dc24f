// A thread that attaches, twice, before there is any cache, and then creates one itself.
import { SharedCache } from 'cachalot';

const told = (promise) =>
  promise.then(
    () => 'attached',
    (error) => error.message,
  );
const late = told(SharedCache.attach('late', { timeout: Number.POSITIVE_INFINITY }));
const never = told(SharedCache.attach('never', { timeout: 200 }));
await new Promise((resolve) => setTimeout(resolve, 60));

const other = await SharedCache.create({ name: 'other', maxBytes: '1MiB' });
console.log('created');
console.log(await never);
await new Promise((resolve) => setTimeout(resolve, 60));
const cache = await SharedCache.create({ name: 'late', maxBytes: '1MiB' });
console.log(await late);
await Promise.all([other.close(), cache.close()]);

const end = told(SharedCache.attach('end', { timeout: '60d' }));
await new Promise((resolve) => setTimeout(resolve, 60));
await SharedCache.create({ name: 'end', maxBytes: '1MiB' });
console.log(await end);
