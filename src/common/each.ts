/** Calls `act` for every item, whatever it throws; the first error leaves when all have had their turn. */
export function eachToTheEnd<T>(items: Iterable<T>, act: (item: T) => void): void {
  let failure: { error: unknown } | undefined;
  for (const item of items) {
    try {
      act(item);
    } catch (error) {
      failure ??= { error };
    }
  }
  if (failure !== undefined) throw failure.error;
}
