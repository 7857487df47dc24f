import { crc32 } from 'node:zlib';
import type { RecordView } from '../arena/slot-record.js';
import { CacheError } from '../common/error.js';
import { warnOnce } from '../stats/warn.js';

interface Watch {
  record: RecordView | undefined;
  checksum: number;
  takenAt: string;
  releasedAt: string | undefined;
}

/** Calls that are looked through for those of the user. */
const STACK_DEPTH = 50;

/**
 * Development mode (`CACHALOT_DEV=1`): finds out leases that are lost, and writes through leases. It costs two checksums
 * and a stack trace a lease.
 */
export class LeaseWatches {
  readonly #watches = new WeakMap<object, Watch>();
  readonly #lost: FinalizationRegistry<string>;

  constructor(readonly name: string) {
    // The bytes of a lost lease are not given back: views of them may live on.
    this.#lost = new FinalizationRegistry((takenAt) => {
      warnOnce(`cache '${name}': a lease was lost without release(); it was taken:\n${takenAt}`);
    });
  }

  /** Whether this is development mode. */
  static get areWanted(): boolean {
    return process.env['CACHALOT_DEV'] === '1';
  }

  begin(lease: object, record: RecordView | undefined): void {
    const takenAt = userStack();
    this.#watches.set(lease, { record, checksum: checksum(record), takenAt, releasedAt: undefined });
    this.#lost.register(lease, takenAt, lease);
  }

  /** An error when the bytes are not what they were. */
  end(lease: object): CacheError | undefined {
    const watch = this.#watches.get(lease);
    this.#lost.unregister(lease);
    if (watch !== undefined) watch.releasedAt = userStack();
    if (watch === undefined || checksum(watch.record) === watch.checksum) return undefined;
    return new CacheError(
      `lease of '${this.name}': expected its bytes unchanged at release(); somebody wrote through it. It was taken:\n${watch.takenAt}`,
    );
  }

  /** Where a lease was taken and released, for an error about it. */
  story(lease: object): string {
    const watch = this.#watches.get(lease);
    if (watch?.releasedAt === undefined) return '';
    return `. It was taken:\n${watch.takenAt}\nand released:\n${watch.releasedAt}`;
  }
}

/** The calls that have led here, but for those within this package. */
function userStack(): string {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = STACK_DEPTH;
  const [own = '', ...calls] = new Error('here').stack?.split('\n').slice(1) ?? [];
  Error.stackTraceLimit = stackTraceLimit;
  const folder = folderOf(own);
  const first = calls.findIndex((call) => folderOf(call) !== folder);
  return calls.slice(Math.max(0, first)).join('\n') || '    at an unknown place';
}

/** `    at Function.name (file:///folder/file.js:1:2)` → `file:///folder` */
function folderOf(call: string): string | undefined {
  return /(?:\(|at (?:async )?)([^()]*)[/\\][^/\\]*$/.exec(call)?.[1];
}

function checksum(record: RecordView | undefined): number {
  let sum = 0;
  for (const { buffer, byteOffset, byteLength } of record?.parts ?? []) {
    sum = crc32(new Uint8Array(buffer, byteOffset, byteLength), sum);
  }
  return sum;
}
