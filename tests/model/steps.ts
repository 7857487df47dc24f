/** What random operations are made on: the real thing and its model, which must agree. */
interface Pair {
  /** After each step. O(1), about. */
  check(): void;
  /** Now and then: whatever costs more. */
  checkAll(): void;
  close(): Promise<void>;
}

export const POLICIES = ['auto', 'lru', 'lfu', 'fifo', 'gdsf'] as const;

export type PolicyName = (typeof POLICIES)[number];

/** Makes `count` steps, each of which notes what it does in `done`. A failure tells the last of them, and how to repeat it. */
export async function takeSteps(
  pair: Pair,
  step: (done: string[]) => Promise<void>,
  { count, betweenFullChecks, label }: { count: number; betweenFullChecks: number; label: string },
): Promise<void> {
  const done: string[] = [];
  try {
    for (let i = 1; i <= count; i++) {
      await step(done);
      pair.check();
      if (i % betweenFullChecks === 0) pair.checkAll();
    }
    await pair.close();
  } catch (error) {
    const last = [label, `step ${done.length}, after:`, ...done.slice(-15)];
    throw new Error(`${last.join('\n')}\n${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

/** One run for each seed of a policy: as many as `MODEL_RUNS` says, or the one of `MODEL_SEED`. */
export async function runSeeds(
  policy: PolicyName,
  usual: number,
  run: (policy: PolicyName, seed: number) => Promise<void>,
): Promise<void> {
  const only = process.env['MODEL_SEED'];
  const runs = Number(process.env['MODEL_RUNS'] ?? usual);
  if (only !== undefined) await run(policy, Number(only));
  else for (let i = 0; i < runs; i++) await run(policy, 7919 * i + policy.length);
}
