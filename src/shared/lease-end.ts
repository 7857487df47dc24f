import { type EventEmitter, errorMonitor } from 'node:events';
import { CacheConfigError, describe } from '../common/error.js';

/** What tells of its end by events: a stream of Node, a response or request of `node:http` and `node:http2`. */
export type EndingStream = Pick<EventEmitter, 'on' | 'off'>;

/** What streams tell of themselves; each kind of them leaves something out. */
interface StreamState {
  readonly closed?: unknown;
  readonly destroyed?: unknown;
  readonly writableFinished?: unknown;
}

export function isThenable(what: unknown): what is PromiseLike<unknown> {
  return typeof what === 'object' && what !== null && typeof Reflect.get(what, 'then') === 'function';
}

function isStream(what: unknown): what is EndingStream {
  if (typeof what !== 'object' || what === null) return false;
  const has = (name: string) => typeof Reflect.get(what, name) === 'function';
  return has('on') && has('off') && (has('write') || has('read') || has('pipe'));
}

/**
 * Calls `action` once, when a stream is done with what it was given: it has written all, has closed, was destroyed, or
 * has failed. At once, in a microtask, for one that is over already. Who listens for the stream's errors is not changed by
 * it: an error that nobody listens for is thrown as ever.
 *
 * @throws CacheConfigError for anything but a stream.
 */
export function whenOver(stream: unknown, action: () => void): void {
  if (!isStream(stream)) {
    throw new CacheConfigError(
      `lease.releaseWhen: expected a stream, a response or a promise; got ${describe(stream)}`,
    );
  }
  let isDone = false;
  const finish = (): void => {
    if (isDone) return;
    isDone = true;
    for (const event of ENDS) stream.off(event, finish);
    stream.off(errorMonitor, fail);
    action();
  };
  // A response goes on sending after the error of a write that came too late; it always closes. Other streams have closed
  // when they tell of an error, or they are told not to, and then nothing else will come.
  const fail = (): void => {
    if (!('headersSent' in stream)) finish();
  };
  for (const event of ENDS) stream.on(event, finish);
  stream.on(errorMonitor, fail);
  if (isOver(stream)) queueMicrotask(finish);
}

const ENDS = ['finish', 'close'] as const;

function isOver(stream: object): boolean {
  const { closed, destroyed, writableFinished }: StreamState = stream;
  if (writableFinished === true || closed === true) return true;
  // A destroyed one closes soon, if it can say so at all.
  return closed === undefined && destroyed === true;
}
