import { KeeperLostError } from '../arena/keeper-lost.js';
import { toLoose } from '../arena/loose.js';
import type { FlightAnswer } from '../arena/protocol.js';
import { RecordWriter } from '../arena/record-writer.js';
import { foreignToWire } from '../arena/wire-error.js';
import { encodeValue } from '../codec/index.js';
import { CacheLoadError } from '../common/error.js';
import type { EntryOptions, Factory } from '../load/context.js';
import type { Flight } from '../load/flight.js';
import { decided } from '../load/freshness.js';
import { LoadSession } from '../load/session.js';
import { traced } from '../load/tracing.js';
import type { ResolvedLoadOptions } from '../options.js';
import type { Reading } from './reading.js';
import type { Terms } from './terms.js';

/** A load that this thread leads. */
interface Led<V> {
  key: string;
  options: ResolvedLoadOptions;
  factory: Factory<V, string> | undefined;
  /** The wait of the caller whose function it is. */
  flight: Pick<Flight<unknown>, 'link' | 'signal' | 'isAborted' | 'abort'>;
  /** The number of the flight in the process. */
  id: number;
}

/** Makes values in this thread, each for all who wait for it in the process. */
export class Leading<V> {
  constructor(
    readonly reading: Reading<V>,
    readonly terms: Terms<V>,
    readonly preSet: (key: string, value: V, options?: EntryOptions) => V,
  ) {}

  /** The value, once the keeper has it; or the rejection, once the keeper knows of it. */
  lead(led: Led<V>): Promise<V | undefined> {
    return traced(
      () => ({ cache: this.reading.name, key: led.key }),
      () => this.#lead(led),
    );
  }

  async #lead(led: Led<V>): Promise<V | undefined> {
    const { key, options, flight, id } = led;
    const { client } = this.reading;
    client.cancels.set(id, () => flight.abort(new CacheLoadError('load: nobody waits for it any longer', { key })));
    // What the function asks for is asked for by this load.
    flight.link.flight = id;
    try {
      const session = this.#session(led);
      const start = performance.now();
      const value = await this.#attempt(led, session);
      const loadMs = performance.now() - start;
      if (session.skipped || value === undefined) {
        const loose = value === undefined ? undefined : toLoose(encodeValue(value, key));
        const answer: FlightAnswer = loose === undefined ? { kind: 'skip' } : { kind: 'loose', value: loose };
        await client.request({ op: 'settle', flight: id, answer, rejected: false });
        return value;
      }
      const entry = decided(options.entry, session.options);
      const kept = this.preSet(key, value, entry);
      await this.#publish(led, kept, entry, loadMs);
      return kept;
    } catch (error) {
      client.noteFailure(id, error);
      await client.request({ op: 'fail', flight: id, error: foreignToWire(error) });
      throw error;
    } finally {
      client.cancels.delete(id);
    }
  }

  async #publish({ key, id }: Led<V>, value: V, entry: EntryOptions, loadMs: number): Promise<void> {
    const encoded = encodeValue(value, key);
    const { client, ticket, scope } = this.reading;
    const writer = new RecordWriter(client, ticket, scope.inner(key), id);
    writer.loadMs = loadMs;
    const terms = this.terms.of(entry, value, key);
    // A keeper that has ended has taken the flight along: the value is for those who ask here, and is not entered.
    const published = await writer.publish(encoded, terms).catch(async (error: unknown) => {
      if (!(error instanceof KeeperLostError)) throw error;
      await writer.abort();
      return 'superseded' as const;
    });
    if (published !== 'refused') return;
    const answer: FlightAnswer = { kind: 'loose', value: toLoose(encoded) };
    await client.request({ op: 'settle', flight: id, answer, rejected: true });
  }

  async #attempt({ key, options, factory, flight }: Led<V>, session: LoadSession<V, string>): Promise<V | undefined> {
    if (factory === undefined) {
      throw new CacheLoadError('load: the thread that had made the value has ended', { key });
    }
    for (let left = options.retries; ; left--) {
      try {
        const value = await flight.link.run(() => factory(session));
        return session.skipped ? session.skipped.value : value;
      } catch (error) {
        if (left === 0 || flight.isAborted) throw error;
        session.begin();
      }
    }
  }

  #session({ key, flight, id }: Led<V>): LoadSession<V, string> {
    const { reading } = this;
    const session = new LoadSession<V, string>(flight, key, undefined, (tags) =>
      reading.client.notify({ op: 'tag', flight: id, tags }),
    );
    // A copy of what may be large, made only for those who look at it.
    Object.defineProperty(session, 'staleValue', { get: () => reading.peek(key, true) });
    return session;
  }
}
