// Loaders that load: through their own cache, from threads of the pool.
import { SharedCache } from 'cachalot';

/** `input`: { cache, depth, self, other, tally } */
export default async function nested(input, ctx) {
  const { tally } = input;
  const running = Atomics.add(tally, 0, 1) + 1;
  if (running > Atomics.load(tally, 1)) Atomics.store(tally, 1, running);
  try {
    return await acts[input.act](input, ctx);
  } finally {
    Atomics.sub(tally, 0, 1);
  }
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const load = async (input, more, key) =>
  (await SharedCache.attach(input.cache)).load('nested', { ...input, ...more }, { key });

const acts = {
  /** Asks for what is one less deep, down to 0. */
  async deep(input, ctx) {
    if (input.depth === 0) return 0;
    const [name] = ctx.key.split(' ');
    return 1 + (await load(input, { depth: input.depth - 1 }, `${name} ${input.depth - 1}`));
  },
  async leaf(input) {
    await pause(input.ms);
    return 'leaf';
  },
  async joins(input) {
    return load(input, { act: 'leaf' }, input.other);
  },
  async own(input, ctx) {
    return load(input, {}, ctx.key);
  },
  /** Waits until the other has begun, too. */
  async ring(input) {
    Atomics.add(tally(input), 2, 1);
    while (Atomics.load(tally(input), 2) < 2) await pause(2);
    return load(input, {}, input.other);
  },
};

const tally = (input) => input.tally;
