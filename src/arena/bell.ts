/**
 * # Bells
 *
 * Who stays awake for a message looks for it again and again. To look at a port takes a microsecond and its lock, which
 * the one who is just posting there wants, too. So each direction of a port has a word in shared memory beside it: who has
 * posted adds one, and who waits looks at the port only when the word has changed.
 *
 * A bell is a hint, and nothing rests on it: what is posted without one, or taken off the port in another way, is heard by
 * the event loop, and the port's order is the only one. It is rung behind the post, so who hears it finds the message. A
 * keeper without a thread of its own has none.
 */
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { ROW_ANSWERED, ROW_ASKED, rowStart } from './layout.js';

/** The bells of a thread's row: the thread rings the one, the keeper the other. */
export interface Bells {
  asked: Bell;
  answered: Bell;
}

export function bellsOf(control: SharedArrayBuffer, row: number): Bells {
  const start = rowStart(row);
  return { asked: new Bell(control, start + ROW_ASKED), answered: new Bell(control, start + ROW_ANSWERED) };
}

/** One end of a bell: of the only thread that rings it, or of the only one that listens to it. */
class Bell {
  readonly #words: Int32Array;
  readonly #at: number;
  #heard: number;

  /** `at`: the Int32 of the buffer. */
  constructor(control: SharedArrayBuffer, at: number) {
    this.#words = new Int32Array(control);
    this.#at = at;
    // One ring is taken for heard too few: what came before is looked for, too.
    this.#heard = (Atomics.load(this.#words, at) - 1) | 0;
  }

  ring(): void {
    Atomics.store(this.#words, this.#at, (this.#words[this.#at]! + 1) | 0);
  }

  /** The next message, if the bell was rung since there was none. */
  hear(port: MessagePort): { message: unknown } | undefined {
    const rung = Atomics.load(this.#words, this.#at);
    if (rung === this.#heard) return undefined;
    const next = receiveMessageOnPort(port);
    // Not before the port is empty: not every message has a ring of its own.
    if (next === undefined) this.#heard = rung;
    return next;
  }
}
