/** What a miss of so many bytes costs, where nothing else is told: by the name of the cost, or 1 where it is no size. */
export function usualCostOf(cost: unknown): (size: number) => number {
  if (cost === 'bytes') return (size) => size;
  return cost === 'balanced' ? Math.sqrt : () => 1;
}
