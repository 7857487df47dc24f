import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { ArenaClient } from '../../src/arena/client.js';
import { Keeper } from '../../src/arena/keeper.js';

/** A keeper in this thread: what happens between it and its caches has one order, always the same. */
export class KeeperHere {
  readonly keeper: Keeper;
  readonly client: ArenaClient;

  constructor(now: () => number) {
    const start = () => {
      throw new Error('this keeper has no loaders');
    };
    this.keeper = new Keeper(0, { start }, now);
    const { port1, port2 } = new MessageChannel();
    lead(port1, port2);
    lead(port2, port1);
    // Its constructor is not for users, who would have no keeper to give it.
    this.client = Reflect.construct(ArenaClient, [false, port1]);
    this.keeper.connect(1, port2);
    port1.unref();
    port2.unref();
  }
}

/** What is posted arrives in this turn of the event loop, and as a copy. */
function lead(from: MessagePort, to: MessagePort): void {
  from.postMessage = (message: unknown) => {
    const copy: unknown = structuredClone(message);
    queueMicrotask(() => to.emit('message', copy));
  };
}
