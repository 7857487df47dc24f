import { CacheConfigError } from '../common/error.js';
import { after } from '../common/timer.js';
import type { KeeperClient } from './keeper-client.js';
import { toWire } from './wire-error.js';

interface Waiter {
  client: KeeperClient;
  request: number;
  name: string;
  callOff: () => void;
}

/** Threads that wait for caches which have not been created yet. */
export class Attaching {
  #waiting: Waiter[] = [];

  constructor(
    readonly names: () => readonly string[],
    /** To be called after whatever did not begin with a request. */
    readonly settle: () => void,
  ) {}

  /** Refuses the request, unless the cache is created in time. */
  wait(client: KeeperClient, request: number, name: string, timeoutMs: number): void {
    const callOff = after(timeoutMs, () => {
      this.#waiting = this.#waiting.filter((waiter) => waiter.callOff !== callOff);
      client.send({ op: 'refuse', id: request, error: toWire(unknownName(name, this.names(), timeoutMs)) });
      this.settle();
    });
    this.#waiting.push({ client, request, name, callOff });
  }

  /** Those who wait for a name that is there now; they are answered by the caller. */
  take(name: string): Pick<Waiter, 'client' | 'request'>[] {
    return this.#remove((waiter) => waiter.name === name);
  }

  /** A thread is gone. */
  forget(client: KeeperClient): void {
    this.#remove((waiter) => waiter.client === client);
  }

  #remove(which: (waiter: Waiter) => boolean): Waiter[] {
    const removed = this.#waiting.filter(which);
    this.#waiting = this.#waiting.filter((waiter) => !which(waiter));
    for (const { callOff } of removed) callOff();
    return removed;
  }
}

function unknownName(name: string, names: readonly string[], timeoutMs: number): CacheConfigError {
  const known = names.length > 0 ? names.map((one) => `'${one}'`).join(', ') : 'none';
  return new CacheConfigError(
    `attach: expected the name of a SharedCache of this process; got '${name}', which nobody created within ${Math.round(timeoutMs)} ms (there are: ${known})`,
  );
}
