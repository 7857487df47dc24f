/** Steps that are all taken, whatever they throw; the first error leaves at the end. */
export class Attempts {
  #failure: { error: unknown } | undefined;

  /** Takes a step; whether it threw nothing. */
  try(step: () => void): boolean {
    try {
      step();
      return true;
    } catch (error) {
      this.#failure ??= { error };
      return false;
    }
  }

  /** @throws what the first of the steps that failed has thrown. */
  end(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}

/** Calls `act` for every item, whatever it throws; the first error leaves when all have had their turn. */
export function eachToTheEnd<T>(items: Iterable<T>, act: (item: T) => void): void {
  const attempts = new Attempts();
  for (const item of items) attempts.try(() => act(item));
  attempts.end();
}
