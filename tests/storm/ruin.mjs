/** Ways in which a thread ends itself. */

/**
 * Takes memory until the thread's limit is passed: it ends with ERR_WORKER_OUT_OF_MEMORY. In large pieces: of many small
 * ones, taken at once, Node 24 and 26 do not end the thread but the process, or hang.
 */
export function exhaustMemory() {
  const hoard = [];
  for (;;) hoard.push(new Array(200_000).fill(hoard.length + 0.5));
}

export function throwUncaught() {
  throw new Error('an actor was told to throw');
}

/** Never returns, and hears nothing meanwhile. */
export function blockForever() {
  const word = new Int32Array(new SharedArrayBuffer(4));
  for (;;) Atomics.wait(word, 0, 0, 60_000);
}
