// Counts how many of it run at once; the first wait until that many have.
export default async function width({ tally, until }) {
  const running = Atomics.add(tally, 0, 1) + 1;
  if (running > Atomics.load(tally, 1)) Atomics.store(tally, 1, running);
  while (Atomics.load(tally, 1) < until) await new Promise((resolve) => setTimeout(resolve, 1));
  Atomics.sub(tally, 0, 1);
  return 1;
}
