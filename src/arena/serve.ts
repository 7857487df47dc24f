import { type MessagePort, threadId } from 'node:worker_threads';
import { monotonicNow } from '../common/clock.js';
import { CacheConfigError } from '../common/error.js';
import { importPolicy, isPolicyModule } from '../policy/module.js';
import type { Estate } from './adoption.js';
import { Attention } from './attention.js';
import { electKeeper, isTagged } from './discovery.js';
import { Keeper } from './keeper.js';
import { PROTOCOL_VERSION } from './layout.js';
import type { LoaderHost } from './loader-host.js';
import type { ConnectMessage } from './protocol.js';
import { toWire } from './wire-error.js';

/**
 * Runs the keeper in this thread, unless the process has one already. Resolves with the thread of the keeper, which
 * may be another one: then this thread is not needed.
 */
export async function serveKeeper(loaders: LoaderHost, first: boolean, estate?: Estate): Promise<number> {
  for (const { config } of estate?.caches ?? []) await prepare(config.policy);
  const keeper = new Keeper(threadId, loaders, monotonicNow, estate);
  keeper.attention = new Attention();
  process.on('workerMessage', (message: unknown, source: number) => {
    if (isTagged(message, 'connect')) admit(keeper, message as ConnectMessage, source);
  });
  // The first worker of a process has no rivals.
  return electKeeper(estate !== undefined || (first && threadId === 1), () => keeper.place);
}

/** A cache goes on under another policy rather than not at all. */
async function prepare(policy: string): Promise<void> {
  try {
    if (isPolicyModule(policy)) await importPolicy(policy);
  } catch (error) {
    process.emitWarning(`${(error as Error).message}; the cache goes on with 'auto'`, 'CachalotWarning');
  }
}

function admit(keeper: Keeper, { version, port, osThread, rejoin }: ConnectMessage, source: number): void {
  if (version === PROTOCOL_VERSION) {
    keeper.connect(source, port as MessagePort, osThread, rejoin);
    return;
  }
  const message = `SharedCache: expected one version of cachalot in a process; got protocol ${version}, while the caches here speak ${PROTOCOL_VERSION}`;
  port.postMessage({ op: 'refuse', id: 0, error: toWire(new CacheConfigError(message)) });
}
