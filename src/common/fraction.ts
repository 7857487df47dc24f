/**
 * 0 for a field that is to hold fractions. One that begins as an integer gives its object another shape with the first
 * fraction, and all that was compiled for the old shape is thrown away, just when it has become hot: `-0` is a fraction to
 * the engine, and equals 0. Not a literal, which the build would fold to an integer.
 */
export const FRACTION: number = Number('-0');
