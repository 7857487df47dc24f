import { RecordWriter } from '../arena/record-writer.js';
import { CacheConfigError, describe } from '../common/error.js';
import { parseTimeout } from '../transaction/session.js';
import type { SharedUpdateOptions } from './options.js';
import type { SharedTransactions, TurnHost } from './transaction.js';

/** Makes a new value of the old one; `undefined` when there is none. */
export type Updater<V> = (old: V | undefined) => V | PromiseLike<V>;

/**
 * Stores what `fn` makes of the present value of a key, and answers with it. Updates of a key have turns, in all threads,
 * so that each comes to its end however many there are; and a write past them is not lost: then `fn` is asked again.
 */
export async function updateShared<V>(
  host: TurnHost<V>,
  transactions: SharedTransactions<V>,
  key: string,
  fn: Updater<V>,
  options: SharedUpdateOptions = {},
): Promise<V> {
  if (typeof fn !== 'function') throw new CacheConfigError(`update: expected a function; got ${describe(fn)}`);
  const timeoutMs = parseTimeout(options?.timeout);
  const { client, ticket, scope } = host.reading;
  return transactions.inTurn(key, timeoutMs, async ({ turn, link, within }) => {
    const attempt = async (callOff: () => void): Promise<{ value: V } | undefined> => {
      const old = host.reading.peek(key);
      const made = await link.run(() => fn(old === undefined ? undefined : host.postGet(key, old)));
      checkValue(made);
      const value = host.preSet(key, made, options);
      const { encoded, terms } = host.item(key, value, options);
      const writer = new RecordWriter(client, ticket, scope.inner(key));
      writer.turn = turn;
      // From here on it is the keeper who knows whether it was in time.
      callOff();
      return (await writer.publish(encoded, terms)) === 'outdone' ? undefined : { value };
    };
    for (;;) {
      const done = await within(attempt);
      if (done) return done.value;
    }
  });
}

function checkValue(value: unknown): void {
  if (value === undefined) throw new TypeError('update: expected a value other than undefined; got undefined');
}
