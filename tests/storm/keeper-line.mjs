import { MessageChannel, postMessageToThread } from 'node:worker_threads';

const PROTOCOL_VERSION = 1;
const CONNECT_MS = 10_000;

/** A line of the storm's own to the keeper, to have it look whether what it promises itself still holds. */
export class KeeperLine {
  #port;
  #answers = new Map();
  #next = 1;
  #welcomed;

  /** A line, or `undefined` when all rows are taken. */
  static async open(keeper) {
    const { port1, port2 } = new MessageChannel();
    // First, since its port is what keeps the process alive meanwhile.
    const line = new KeeperLine(port1);
    const message = { cachalot: 'connect', version: PROTOCOL_VERSION, port: port2 };
    await postMessageToThread(keeper, message, [port2], CONNECT_MS);
    if (await line.#welcomed) return line;
    line.close();
    return undefined;
  }

  constructor(port) {
    this.#port = port;
    let welcome;
    this.#welcomed = new Promise((resolve) => {
      welcome = resolve;
    });
    port.on('message', (message) => {
      if (message.op === 'welcome') welcome(true);
      else if (message.op === 'refuse' && message.id === 0) welcome(false);
      if (!this.#answers.has(message.id)) return;
      const { resolve, reject } = this.#answers.get(message.id);
      this.#answers.delete(message.id);
      if (message.op === 'answer') resolve();
      else reject(new Error(`the keeper's own check: ${message.error.message}`));
    });
  }

  /** Rejects when index, queues, allocator or ledger of any cache are not as they should be. */
  validate() {
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#answers.set(id, { resolve, reject });
      this.#port.postMessage({ id, op: 'validate' });
    });
  }

  close() {
    // This thread lives on, but its row is free.
    this.#port.postMessage({ op: 'bye' });
    this.#port.close();
  }
}
