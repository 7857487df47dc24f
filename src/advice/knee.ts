/** A point of a curve of hit rate against budget. */
export interface CurvePoint {
  readonly maxBytes: number;
  readonly hitRate: number;
}

/**
 * The knee of a curve, ascending in budgets: the point that lies farthest above the straight line from its first to its
 * last point. Up to there more bytes bring more than on average, beyond they bring less. `undefined` for a curve without
 * one: of less than three points, or with none above the line.
 *
 * Source: Kneedle (Satopää et al., 2011), without smoothing.
 */
export function kneeOf<P extends CurvePoint>(curve: readonly P[]): P | undefined {
  const first = curve[0];
  const last = curve.at(-1);
  if (first === undefined || last === undefined || curve.length < 3) return undefined;
  let knee: P | undefined;
  let farthest = 0;
  for (const point of curve) {
    const along = (point.maxBytes - first.maxBytes) / (last.maxBytes - first.maxBytes);
    const up = point.hitRate - first.hitRate - along * (last.hitRate - first.hitRate);
    if (up <= farthest) continue;
    farthest = up;
    knee = point;
  }
  return knee;
}
