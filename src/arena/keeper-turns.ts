/**
 * # Turns
 *
 * What reads, thinks and writes as if it were alone has a turn: a transaction that of its cache, an update that of its
 * key. Turns are granted in the order in which they were asked for, each with a deadline, and end with their thread, so
 * that nobody waits for ever. A turn keeps nobody from writing past it: the turn of a key is told when somebody has, and
 * then what was made of the old value is made again.
 */
import { CacheClosedError, CacheTimeoutError } from '../common/error.js';
import { after } from '../common/timer.js';
import type { KeeperCache } from './keeper-cache.js';
import type { KeeperClient } from './keeper-client.js';
import type { ChangeWatcher } from './reservation.js';
import { toWire } from './wire-error.js';

export interface Turn {
  readonly id: number;
  readonly client: KeeperClient;
  /** Answered when the turn has come. */
  readonly request: number;
  readonly cache: KeeperCache;
  /** Empty for the transactions of the cache. */
  readonly key: string;
  readonly timeoutMs: number;
  /** The key was written or removed since the turn began, or since its holder was told so. */
  isOutdone: boolean;
  callOff: () => void;
}

export class KeeperTurns implements ChangeWatcher {
  /** By cache and key: the first of each line has the turn. */
  readonly #lines = new Map<KeeperCache, Map<string, Turn[]>>();
  readonly #running = new Map<number, Turn>();
  #next: number;

  /** `settle` is called after whatever did not begin with a message. */
  constructor(
    readonly settle: () => void,
    /** The first number that is given. */
    first = 1,
  ) {
    this.#next = first;
  }

  ask(of: Pick<Turn, 'client' | 'request' | 'cache' | 'key' | 'timeoutMs'>): void {
    const turn: Turn = { id: this.#next++, isOutdone: false, callOff: () => undefined, ...of };
    const lines = this.#lines.get(of.cache) ?? new Map<string, Turn[]>();
    this.#lines.set(of.cache, lines);
    const line = lines.get(of.key) ?? [];
    lines.set(of.key, line);
    if (line.push(turn) === 1) this.#begin(turn);
  }

  /** @throws CacheTimeoutError when it is over. */
  running(id: number): Turn {
    const turn = this.#running.get(id);
    if (turn !== undefined) return turn;
    throw new CacheTimeoutError(
      'SharedCache: expected the end of a turn before its deadline; nothing of it was stored',
    );
  }

  end(id: number): void {
    const turn = this.#running.get(id);
    if (turn !== undefined) this.#leave(turn);
  }

  /** A cache has been closed, or a thread is gone. */
  forget(whose: KeeperCache | KeeperClient): void {
    for (const [cache, lines] of [...this.#lines]) {
      for (const turn of [...lines.values()].flat().reverse()) {
        if (cache !== whose && turn.client !== whose) continue;
        if (cache === whose) this.#refuse(turn);
        this.#leave(turn);
      }
    }
  }

  superseded(cache: KeeperCache, key: string): void {
    if (this.#running.size === 0) return;
    const turn = this.#lines.get(cache)?.get(key)?.[0];
    if (turn !== undefined) turn.isOutdone = true;
  }

  supersededWhere(cache: KeeperCache, matches: (key: string) => boolean): void {
    for (const turn of this.#running.values()) {
      if (turn.cache === cache && turn.key !== '' && matches(turn.key)) turn.isOutdone = true;
    }
  }

  /** Those that bear a tag are superseded by their keys, too. */
  supersededTags(): void {}

  #begin(turn: Turn): void {
    const { id, client, request, timeoutMs } = turn;
    this.#running.set(id, turn);
    turn.callOff = after(timeoutMs, () => {
      this.end(id);
      this.settle();
    });
    client.send({ op: 'answer', id: request, result: id });
  }

  #leave(turn: Turn): void {
    const lines = this.#lines.get(turn.cache);
    const line = lines?.get(turn.key);
    if (lines === undefined || line === undefined) return;
    const wasFirst = line[0] === turn;
    line.splice(line.indexOf(turn), 1);
    turn.callOff();
    this.#running.delete(turn.id);
    if (line.length === 0) lines.delete(turn.key);
    if (lines.size === 0) this.#lines.delete(turn.cache);
    if (wasFirst && line[0] !== undefined) this.#begin(line[0]);
  }

  #refuse({ id, client, request, cache }: Turn): void {
    if (this.#running.has(id)) return;
    const error = new CacheClosedError(`cache '${cache.config.name}' has been closed`);
    client.send({ op: 'refuse', id: request, error: toWire(error) });
  }
}
