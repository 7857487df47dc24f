import { CacheTimeoutError, describe } from '../common/error.js';
import { after } from '../common/timer.js';
import type { Flight } from './flight.js';

/** What one caller puts up with. */
export interface Patience<V> {
  /** ms after which a stale value is the answer; `Infinity`: never. */
  timeout: number;
  /** ms after which there is an answer in any case; `Infinity`: never. */
  hardTimeout: number;
  signal: AbortSignal | undefined;
  /** The stale value, if there is one that may still be served. */
  stale: () => { value: V } | undefined;
  /** Called when the caller was the last to want the result, and has gone. */
  onDeserted: (reason: unknown) => void;
}

/** Waits for a flight as long as a caller wants to. */
export function waitFor<V>(flight: Flight<V>, patience: Patience<V>): Promise<V | undefined> {
  const { timeout, hardTimeout, signal } = patience;
  return new Promise((resolve, reject) => {
    const cleanUps: (() => void)[] = [];
    let isDone = false;
    const isFirst = (): boolean => {
      if (isDone) return false;
      isDone = true;
      for (const cleanUp of cleanUps) cleanUp();
      return true;
    };
    const settle = (orElse: () => void): void => {
      const stale = patience.stale();
      if (stale) resolve(stale.value);
      else orElse();
    };
    /** The caller is answered, and the load goes on behind. */
    const leaveBehind = (orElse: () => void): void => {
      if (!isFirst()) return;
      flight.isKept = true;
      flight.leave();
      settle(orElse);
    };

    flight.join();
    flight.promise.then(
      (value) => {
        if (isFirst()) resolve(value);
      },
      (error: unknown) => {
        if (isFirst()) settle(() => reject(error));
      },
    );
    if (timeout < hardTimeout) {
      const atTimeout = (): void => {
        if (patience.stale()) leaveBehind(() => undefined);
      };
      cleanUps.push(after(timeout, atTimeout));
    }
    if (hardTimeout !== Number.POSITIVE_INFINITY) {
      const { key } = flight.link;
      const late = (): void => {
        const text = `load: expected the value of ${describe(key)}; there was no answer within ${hardTimeout} ms`;
        reject(new CacheTimeoutError(text, { key }));
      };
      cleanUps.push(after(hardTimeout, () => leaveBehind(late)));
    }
    if (signal) {
      const onAbort = (): void => {
        if (!isFirst()) return;
        if (flight.leave()) patience.onDeserted(signal.reason);
        reject(signal.reason);
      };
      signal.addEventListener('abort', onAbort, { once: true });
      cleanUps.push(() => signal.removeEventListener('abort', onAbort));
    }
  });
}
