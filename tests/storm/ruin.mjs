/** Ways in which a thread ends itself. */

/** Takes memory until the thread's limit is passed: it ends with ERR_WORKER_OUT_OF_MEMORY. */
export function exhaustMemory() {
  const hoard = [];
  for (;;) hoard.push({ name: `entry ${hoard.length}`, list: new Array(64).fill(hoard.length) });
}

export function throwUncaught() {
  throw new Error('an actor was told to throw');
}

/** Never returns, and hears nothing meanwhile. */
export function blockForever() {
  const word = new Int32Array(new SharedArrayBuffer(4));
  for (;;) Atomics.wait(word, 0, 0, 60_000);
}
