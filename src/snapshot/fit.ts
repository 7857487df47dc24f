/**
 * Where to begin, so that the entries from there on fit into a budget: who comes later is worth more. What is charged
 * nothing, or more than an entry may be, is not counted.
 */
export function firstThatFits(
  charges: readonly number[],
  { bytes, entries }: { bytes: number; entries: number },
): number {
  let first = charges.length;
  for (let number = charges.length - 1, sum = 0, count = 0; number >= 0; number--) {
    const charge = charges[number]!;
    sum += charge;
    if (charge > 0) count++;
    if (sum > bytes || count > entries) break;
    first = number;
  }
  return first;
}
