// Stops a thread before each message that it sends to the keeper: at every await point of what it does there.
import { MessagePort } from 'node:worker_threads';

const AT = { step: 0, stopAt: 1, goOn: 2 };

const { postMessage } = MessagePort.prototype;
let words = new Int32Array(new SharedArrayBuffer(12)).fill(-1, AT.stopAt);

MessagePort.prototype.postMessage = function (message, ...rest) {
  // Whatever goes to the keeper names what it wants, or is packed (src/arena/wire.ts); whatever else is sent is let pass.
  if (typeof message?.op === 'string' || (Array.isArray(message) && typeof message[0] === 'number')) {
    const step = Atomics.add(words, AT.step, 1);
    if (step === Atomics.load(words, AT.stopAt)) Atomics.wait(words, AT.goOn, 0, 20_000);
  }
  return postMessage.call(this, message, ...rest);
};

/** From now on messages are counted in `given`, and the one with the number in `stopAt` waits until `goOn` is set. */
export function stepThrough(given) {
  words = given;
}
