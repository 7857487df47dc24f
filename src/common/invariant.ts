/** Throws when something that this library promises itself does not hold: a bug of ours, never of the caller. */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`cachalot: invariant broken: ${message}`);
}
