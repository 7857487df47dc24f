import type { ArenaClient } from '../arena/client.js';
import { SLOT_F64 } from '../arena/layout.js';
import type { EntryTerms } from '../arena/lifetime.js';
import { toLoose } from '../arena/loose.js';
import { userKey } from '../arena/namespace-key.js';
import type { LoaderTask, LooseValue } from '../arena/protocol.js';
import { SharedReader } from '../arena/reader.js';
import type { RecordWriter } from '../arena/record-writer.js';
import { CacheTable } from '../arena/table.js';
import { decodeValue, type EncodedValue } from '../codec/index.js';
import { monotonicNow } from '../common/clock.js';
import { CacheConfigError } from '../common/error.js';
import type { EntryOptions } from './context.js';
import type { LoaderContext } from './define-loader.js';
import { mergeTerms } from './entry-terms.js';
import { checkAllocation } from './local-context.js';
import { PrivateMemory } from './private-memory.js';
import { failLoad } from './session.js';

/** One load as its loader sees it, in a thread of the pool, and what the loader has decided meanwhile. */
export class LoaderSession implements LoaderContext {
  readonly key: string;
  /** On which terms the value is to live. */
  terms: EntryTerms;
  /** What `skip` has said. */
  skipped: { value: unknown } | undefined;
  readonly #task: LoaderTask;
  readonly #private = new PrivateMemory();
  #stale: { value: unknown } | undefined;
  #isOver = false;

  constructor(
    task: LoaderTask,
    readonly client: ArenaClient,
    readonly writer: RecordWriter,
    readonly signal: AbortSignal,
  ) {
    this.key = userKey(task.key);
    this.terms = task.terms;
    this.#task = task;
    // A loader may take its context apart.
    this.setOptions = this.setOptions.bind(this);
    this.skip = this.skip.bind(this);
    this.fail = this.fail.bind(this);
    this.allocate = this.allocate.bind(this);
  }

  /** Read when first asked for: an owned copy. */
  get staleValue(): unknown {
    this.#stale ??= { value: this.#readStale() };
    return this.#stale.value;
  }

  setOptions(options: EntryOptions): void {
    this.terms = mergeTerms(this.terms, options);
    if (options.tags && this.terms.tags)
      this.client.notify({ op: 'tag', flight: this.#task.flight, tags: this.terms.tags });
  }

  skip(value?: unknown): unknown {
    this.skipped = { value };
    return value;
  }

  fail(reason: unknown): never {
    return failLoad(this.key, reason);
  }

  async allocate(byteLength: number): Promise<Uint8Array> {
    checkAllocation(byteLength);
    if (this.#isOver) {
      throw new CacheConfigError(`ctx.allocate: expected a loader that runs; loader '${this.#task.loader}' has ended`);
    }
    if (byteLength === 0) return new Uint8Array(0);
    // Who was refused once does not wait again: the value will not be kept, whatever else it holds.
    const bytes = this.#private.isUsed ? undefined : await this.#reserve(byteLength);
    return bytes ?? this.#private.allocate(byteLength);
  }

  /** The loader has returned or thrown. */
  end(): void {
    this.#isOver = true;
  }

  /** Whether the value lies in memory that is not the arena's: then it is not to be kept. */
  isPrivate(encoded: EncodedValue): boolean {
    return encoded.parts.some((part) => this.#private.holds(part));
  }

  /** The value outside the arena. Copies what lies elsewhere. */
  loose(encoded: EncodedValue): LooseValue {
    return this.#private.inPlace(encoded) ?? toLoose(encoded);
  }

  async #reserve(byteLength: number): Promise<Uint8Array | undefined> {
    try {
      return await this.writer.allocate(byteLength);
    } catch (error) {
      // Nobody waits for what a loader asked for and went without.
      if (this.#isOver) return undefined;
      throw error;
    }
  }

  #readStale(): unknown {
    const { cache, table, seed, slots } = this.#task.ticket;
    const { row, segments } = this.client;
    const entries = new CacheTable(table, cache, seed, slots);
    const reader = new SharedReader(entries, row, segments);
    const slot = reader.pinKey(this.#task.key);
    if (slot < 0) return undefined;
    try {
      const record = entries.double(slot, SLOT_F64.deadAt) > monotonicNow() ? reader.record(slot) : undefined;
      return record && decodeValue(record.skeleton, record.parts, 'copy');
    } finally {
      reader.unpin();
    }
  }
}
