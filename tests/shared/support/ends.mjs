import { isMainThread, Worker } from 'node:worker_threads';
import { SharedCache } from 'cachalot';

if (isMainThread) {
  await SharedCache.create({ name: 'ends', maxBytes: '1MiB', ttl: '1h' });
  console.log('created');
  new Worker(new URL(import.meta.url)).once('exit', async () => {
    const again = await SharedCache.attach('ends');
    again.set('k', 1).then((stored) => console.log(`stored ${stored}`));
  });
} else {
  await SharedCache.attach('ends');
  console.log('attached');
}
