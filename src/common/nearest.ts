/**
 * The candidate that `text` is most likely meant to be; `undefined` when none is near. Case, `_` and `-` do not count,
 * and a mistake is a letter too many, too few, wrong, or changed about. O(candidates · length²).
 */
export function nearest(text: string, candidates: Iterable<string>): string | undefined {
  const wanted = plain(text);
  let best: string | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    const known = plain(candidate);
    const mistakes = distance(wanted, known);
    const most = Math.min(3, Math.max(1, Math.floor(Math.min(wanted.length, known.length) / 3)));
    if (mistakes > most || mistakes >= least) continue;
    best = candidate;
    least = mistakes;
  }
  return best;
}

function plain(text: string): string {
  return text
    .toLowerCase()
    .replace(/[-_\s]/g, '')
    .slice(0, 100);
}

/** Damerau and Levenshtein's, in its form of optimal string alignment. */
function distance(a: string, b: string): number {
  let [before, last]: [number[], number[]] = [[], Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = a[i - 1] === b[j - 1] ? 0 : 1;
      row[j] = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + change);
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (isSwap) row[j] = Math.min(row[j]!, before[j - 2]! + 1);
    }
    [before, last] = [last, row];
  }
  return last[b.length]!;
}
