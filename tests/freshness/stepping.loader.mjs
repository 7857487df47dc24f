// A load in a thread of the pool, stopped before each message that it sends to the keeper.
import { stepThrough } from './stepping.mjs';

export default async function stepping({ words, value }, ctx) {
  stepThrough(words);
  const bytes = await ctx.allocate(8);
  bytes[0] = value;
  return bytes;
}
