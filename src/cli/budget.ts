import { formatBytes, parseBytes } from '../common/bytes.js';
import { asUsage, split, UsageError } from './usage.js';

const SHARE = /^(\d+(?:\.\d+)?|\.\d+)\s*%$/;
/** A share as others write it: bytes are whole. */
const FRACTION = /^0?\.\d+$/;

/** A budget as it was written: bytes, or a share of the footprint. */
export interface Budget {
  readonly text: string;
  /** Percent of the footprint; `undefined` for bytes. */
  readonly percent: number | undefined;
  readonly bytes: number;
}

/** @throws UsageError for what is neither bytes nor a share above 0. */
export function parseBudgets(given: readonly string[]): Budget[] {
  return split('--max-bytes', given).map((text) => {
    const percent = FRACTION.test(text) ? (Number(text) * 100).toPrecision(12) : SHARE.exec(text)?.[1];
    if (percent === undefined) {
      const size = /^\d+$/.test(text) ? Number(text) : text;
      return { text, percent: undefined, bytes: asUsage(() => parseBytes(size, '--max-bytes')) };
    }
    if (Number(percent) > 0) return { text, percent: Number(percent), bytes: 0 };
    throw new UsageError(`--max-bytes: expected bytes, or a share of the footprint above 0 %; got '${text}'`);
  });
}

/** Bytes of a budget, at least 1. */
export function budgetBytes({ percent, bytes }: Budget, footprint: number): number {
  return percent === undefined ? bytes : Math.max(1, Math.floor((footprint * percent) / 100));
}

/** For people: `1% (29.5 MiB)`. */
export function budgetText({ percent, text }: Budget, bytes: number): string {
  return percent === undefined ? formatBytes(bytes) : `${text} (${formatBytes(bytes)})`;
}
