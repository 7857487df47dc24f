// @ts-check
import { totalmem } from 'node:os';

/** Bytes that this process may use: of the container where there is a limit, else of the machine. */
export function usableMemory() {
  const limit = process.constrainedMemory();
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem();
}
