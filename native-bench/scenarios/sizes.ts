/**
 * The sizes at which large values are read and copied, each with the bytes of all values together: more than the
 * processor's caches hold from 1 MiB on.
 */

const KIB = 1024;
const MIB = 1024 * KIB;

export interface Size {
  name: string;
  bytes: number;
  workingSet: number;
}

export const sizes: readonly Size[] = [
  { name: '4 KiB', bytes: 4 * KIB, workingSet: 16 * MIB },
  { name: '64 KiB', bytes: 64 * KIB, workingSet: 64 * MIB },
  { name: '1 MiB', bytes: MIB, workingSet: 128 * MIB },
  { name: '8 MiB', bytes: 8 * MIB, workingSet: 256 * MIB },
];

/** For a trial a small and a large one, with working sets an eighth as large. */
export function sizesFor(smoke: boolean): readonly Size[] {
  if (!smoke) return sizes;
  return sizes
    .filter(({ name }) => name === '4 KiB' || name === '1 MiB')
    .map((size) => ({ ...size, workingSet: size.workingSet / 8 }));
}
