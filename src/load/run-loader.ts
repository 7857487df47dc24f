/**
 * # A load, in a thread of the pool
 *
 * The loader's value is taken apart here and written into the arena from here; the thread that asked only ever sees it
 * through its own lease. When `runLoader` resolves, the keeper has acknowledged the value, or it is told why there is
 * none: nothing is thrown, since an error that crosses by itself loses its class, its code, or, if it cannot be cloned,
 * takes the thread with it.
 */
import { receiveMessageOnPort } from 'node:worker_threads';
import { ArenaClient } from '../arena/client.js';
import type { FlightAnswer, LoaderTask, LooseValue } from '../arena/protocol.js';
import { RecordWriter } from '../arena/record-writer.js';
import { packError } from '../arena/wire-error.js';
import { encodeValue } from '../codec/index.js';
import { Link } from './chain.js';
import { importLoader } from './loader-module.js';
import { LoaderSession } from './loader-session.js';
import type { PoolOutcome, PoolTask } from './loader-task.js';
import { traced } from './tracing.js';

/** To which keeper, and what is said to it. */
let connection: { keeper: number; client: Promise<ArenaClient> } | undefined;

/** Runs one task to its end. */
export async function runLoader({ load: task, port }: PoolTask): Promise<PoolOutcome> {
  if (task === undefined) return {};
  const controller = new AbortController();
  port.postMessage('begun');
  if (receiveMessageOnPort(port) !== undefined) controller.abort();
  port.on('message', () => controller.abort());
  port.unref();
  try {
    await load(task, controller.signal);
    return {};
  } catch (error) {
    return { failure: { error: packError(error) } };
  } finally {
    port.close();
  }
}

async function load(task: LoaderTask, signal: AbortSignal): Promise<void> {
  const loader = await importLoader(task.loader, task.url);
  const client = await connect(task.keeper);
  signal.throwIfAborted();
  const writer = new RecordWriter(client, task.ticket, task.key, task.flight);
  const session = new LoaderSession(task, client, writer, signal);
  try {
    const start = performance.now();
    // What the loader asks for is asked for by this load.
    const link = new Link(client, task.key);
    link.flight = task.flight;
    const trace = () => ({ cache: task.ticket.config.name, key: task.key, loader: task.loader });
    const value = await traced(trace, () =>
      attempt(() => link.run(() => loader(task.input, session)), session),
    ).finally(() => link.end());
    writer.loadMs = performance.now() - start;
    await deliver(value, task.flight, session);
  } finally {
    // What was not published goes back.
    await writer.abort();
  }
}

async function attempt(run: () => unknown, session: LoaderSession): Promise<unknown> {
  try {
    const value = await run();
    return session.skipped === undefined ? value : session.skipped.value;
  } finally {
    session.end();
  }
}

async function deliver(value: unknown, flight: number, session: LoaderSession): Promise<void> {
  const { client, writer, skipped } = session;
  const settle = async (answer: FlightAnswer, rejected: boolean): Promise<void> => {
    // The keeper handles both in this order: bytes that are not needed are free before anybody is answered.
    await Promise.all([writer.abort(), client.request({ op: 'settle', flight, answer, rejected })]);
  };
  if (value === undefined) return settle({ kind: 'skip' }, false);
  const encoded = encodeValue(value);
  if (skipped !== undefined || session.isPrivate(encoded)) {
    return settle({ kind: 'loose', value: session.loose(encoded) }, skipped === undefined);
  }
  let loose: LooseValue | undefined;
  await writer.publish(encoded, session.terms, () => {
    loose = session.loose(encoded);
  });
  if (loose !== undefined) await settle({ kind: 'loose', value: loose }, true);
}

// A thread of a user's own pool may outlive a keeper, and hear of its end later than of the first load for another one.
async function connect(keeper: number): Promise<ArenaClient> {
  if (connection?.keeper !== keeper || (await connection.client).isLost) {
    const client = ArenaClient.connect(keeper, { survives: false });
    connection = { keeper, client };
    client.catch(() => {
      if (connection?.client === client) connection = undefined;
    });
  }
  return connection.client;
}
