import type { MessagePort } from 'node:worker_threads';
import { Keeper } from '../../src/arena/keeper.js';
import type { ConnectMessage } from '../../src/arena/protocol.js';

/** The time of caches and keepers that run here. */
export const time = { now: 1000 };

let keeper: Keeper | undefined;

/** A keeper in this thread, in the place of a thread of its own: what happens between the two has one order, always the same. */
export function keeperHere(): Keeper {
  const start = () => {
    throw new Error('this keeper has no loaders');
  };
  keeper ??= new Keeper(0, { start }, () => time.now);
  return keeper;
}

/** In the place of `postMessageToThread`: a message that asks to be connected. */
export async function connectHere(_thread: number, message: unknown): Promise<void> {
  const { port } = message as ConnectMessage;
  keeperHere().connect(1, port as MessagePort);
}
