// @ts-check

/**
 * How to reach the other side: a child process, the parent process, a worker thread, or the thread that started us.
 *
 * @typedef {object} Wire
 * @property {(message: object) => void} send
 * @property {(listener: (message: any) => void) => void} listen
 */

/** @param {NodeJS.Process | import('node:child_process').ChildProcess} end @returns {Wire} */
export const processWire = (end) => ({
  // The callback takes the error of a side that has just gone; its `exit` or `disconnect` tells that story.
  send: (message) => end.connected && end.send?.(message, undefined, undefined, () => undefined),
  listen: (listener) => end.on('message', listener),
});

/** @param {import('node:worker_threads').Worker | import('node:worker_threads').MessagePort} end @returns {Wire} */
export const threadWire = (end) => ({
  send: (message) => end.postMessage(message),
  listen: (listener) => end.on('message', listener),
});

/**
 * Questions and answers over a wire, in both directions.
 */
export class Peer {
  #wire;
  #handlers;
  /** @type {Map<number, { resolve: (answer: any) => void, reject: (error: Error) => void }>} */
  #pending = new Map();
  #lastId = 0;
  /** @type {Error | undefined} */
  #gone;

  /**
   * @param {Wire} wire
   * @param {Record<string, (body: any) => unknown>} [handlers] what the other side may ask of this one
   */
  constructor(wire, handlers = {}) {
    this.#wire = wire;
    this.#handlers = handlers;
    wire.listen((message) => void this.#receive(message));
  }

  /**
   * @param {string} type
   * @param {unknown} [body]
   * @returns {Promise<any>} the other side's answer; rejects with its error, or when it is gone
   */
  ask(type, body) {
    if (this.#gone) return Promise.reject(this.#gone);
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      this.#wire.send({ id, type, body });
    });
  }

  /**
   * @param {string} type
   * @param {unknown} [body]
   */
  tell(type, body) {
    this.#wire.send({ type, body });
  }

  /** Ends all waiting: the other side will not answer any more. @param {Error} error */
  lost(error) {
    this.#gone = error;
    for (const { reject } of this.#pending.values()) reject(error);
    this.#pending.clear();
  }

  /** @param {{ id?: number, type: string, body?: unknown, error?: { message: string, stack?: string } }} message */
  async #receive({ id, type, body, error }) {
    if (type === 'answer') {
      const waiting = this.#pending.get(id ?? 0);
      this.#pending.delete(id ?? 0);
      return error === undefined ? waiting?.resolve(body) : waiting?.reject(Object.assign(new Error(), error));
    }
    try {
      const answer = await this.#handlers[type](body);
      if (id !== undefined) this.#wire.send({ id, type: 'answer', body: answer });
    } catch (failure) {
      const { message, stack } = failure instanceof Error ? failure : new Error(String(failure));
      if (id !== undefined) this.#wire.send({ id, type: 'answer', error: { message, stack } });
    }
  }
}
