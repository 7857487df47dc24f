import { Attempts, eachToTheEnd } from '../common/each.js';
import { CacheClosedError } from '../common/error.js';
import { Link } from '../load/chain.js';
import {
  checkTransaction,
  nested,
  Session,
  type TransactionFunction,
  type TransactionHost,
  type TurnOptions,
  timedOut,
  tooLarge,
} from '../transaction/session.js';
import { Turns } from '../transaction/turns.js';
import type { Engine } from './engine.js';
import type { Prepared } from './entry-terms.js';
import type { Hooks } from './load-host.js';
import { makeRoom } from './room.js';
import type { Store } from './store.js';

/** The key under which a transaction is known to the loads that it starts. */
const TRANSACTION = Symbol('transaction');

/** The transactions of one cache and its namespaces: one after the other. */
export class Transactions<K, V> {
  readonly #turns = new Turns();

  /** Calls `fn` when its turn has come, and carries out what it has written: all of it, in one step, or nothing. */
  async run<T>(
    engine: Engine<K, V>,
    hooks: Hooks<K, V>,
    fn: TransactionFunction<K, V, T>,
    options?: TurnOptions,
  ): Promise<T> {
    engine.assertOpen();
    const { timeoutMs } = checkTransaction(fn, options);
    const { name } = engine.options;
    if (Link.isInside(this, TRANSACTION)) throw nested(name, 'transaction');
    const link = new Link(this, TRANSACTION);
    const session = new Session(hostOf(engine, hooks));
    const work = async (): Promise<T> => {
      try {
        const result = await link.run(() => fn(session));
        commit(engine, session.finish());
        return result;
      } finally {
        session.end();
        link.end();
      }
    };
    const onStop = (): void => {
      session.end();
      link.end();
    };
    return this.#turns.run({ work, timeoutMs, onStop, timedOut: () => timedOut(name, 'transaction', timeoutMs) });
  }

  close(name: string): void {
    this.#turns.close(new CacheClosedError(`${name}: closed during a transaction`));
  }
}

function hostOf<K, V>(engine: Engine<K, V>, hooks: Hooks<K, V>): TransactionHost<K, V, Prepared<V>> {
  const { name } = engine.options;
  return {
    name,
    read(key) {
      const value = engine.read(key);
      return value === undefined ? undefined : hooks.postGet(key, value);
    },
    has: (key) => engine.findFresh(key) >= 0,
    prepare(key, value, options) {
      const write = engine.prepare(key, hooks.preSet(key, value, options), options);
      const { maxEntryBytes } = engine;
      if (write.size > maxEntryBytes) throw tooLarge(name, `${write.size}`, `${maxEntryBytes} bytes for a value`, key);
      return write;
    },
    show: (key, { value }) => hooks.postGet(key, engine.copied(key, value)),
  };
}

/**
 * Carries out all changes at once. Room is made for all of them together before the first one, and by others than these:
 * what was written is there when it is over, under every policy. Told when all is done; and only then the error of a
 * user's policy leaves.
 */
function commit<K, V>(engine: Engine<K, V>, changes: ReadonlyMap<K, Prepared<V> | undefined>): void {
  engine.assertOpen();
  const { store, space, events } = engine;
  const { table } = store;
  const kept = new Set<number>();
  const more = { bytes: 0, entries: 0 };
  const all = { bytes: 0, entries: 0 };
  for (const [key, write] of changes) {
    if (write === undefined) continue;
    const handle = space.index.find(key);
    if (handle >= 0) kept.add(handle);
    more.entries += handle < 0 ? 1 : 0;
    more.bytes += write.size - (handle < 0 ? 0 : table.size(handle));
    all.entries++;
    all.bytes += write.size;
  }
  const { name } = engine.options;
  if (all.bytes > store.maxBytes) throw tooLarge(name, `${all.bytes}`, `${store.maxBytes} bytes in all`);
  if (all.entries > store.maxEntries) throw tooLarge(name, `${all.entries}`, `${store.maxEntries} entries`);
  const attempts = new Attempts();
  for (const [key, write] of changes) {
    engine.changes.supersede(key);
    if (write === undefined) attempts.try(() => engine.take(key));
  }
  attempts.try(() => makeRoom(store, more, kept));
  attempts.try(() =>
    withoutLimits(store, () =>
      eachToTheEnd(changes, ([key, write]) => {
        if (write !== undefined) engine.enter(key, write);
      }),
    ),
  );
  store.removals.flush();
  if (events.heard.set) {
    for (const [key, write] of changes) {
      if (write !== undefined) events.emit('set', { key, value: write.value, size: write.size });
    }
  }
  attempts.end();
}

/** Runs writes for which there is room in the end, in whatever order they need and give it: nobody goes for them. */
function withoutLimits<K, V>(store: Store<K, V>, write: () => void): void {
  const { maxBytes, maxEntries } = store;
  store.maxBytes = Number.POSITIVE_INFINITY;
  store.maxEntries = Number.POSITIVE_INFINITY;
  try {
    write();
  } finally {
    store.maxBytes = maxBytes;
    store.maxEntries = maxEntries;
  }
}
