import { crc32 } from 'node:zlib';
import type { RecordView } from '../arena/reader.js';
import { CacheError } from '../common/error.js';
import { warnOnce } from '../stats/warn.js';

/** Ends the watching of one lease, at its release. */
export interface LeaseWatch {
  end(): void;
}

/** Whether leases are watched: `CACHALOT_DEV=1` in the environment. It costs a checksum a lease, and a stack trace. */
export function isDevelopment(): boolean {
  return process.env['CACHALOT_DEV'] === '1';
}

const lost = new FinalizationRegistry<{ name: string; takenAt: string }>(({ name, takenAt }) => {
  // Its bytes are not given back: views of them may live on.
  warnOnce(`cache '${name}': a lease was lost without release(); it was taken${takenAt}`);
});

/** Watches a lease until its release: whether it is lost, and whether somebody writes through it. */
export function watchLease(lease: object, name: string, record: RecordView | undefined): LeaseWatch {
  const takenAt = new Error('taken here').stack?.split('\n').slice(3).join('\n') ?? '';
  const token = {};
  lost.register(lease, { name, takenAt: `:\n${takenAt}` }, token);
  const before = checksum(record);
  return {
    end() {
      lost.unregister(token);
      if (checksum(record) === before) return;
      throw new CacheError(
        `lease of '${name}': expected its bytes unchanged at release(); somebody wrote through it. It was taken:\n${takenAt}`,
      );
    },
  };
}

function checksum(record: RecordView | undefined): number {
  let sum = 0;
  for (const { buffer, byteOffset, byteLength } of record?.parts ?? []) {
    sum = crc32(new Uint8Array(buffer, byteOffset, byteLength), sum);
  }
  return sum;
}
