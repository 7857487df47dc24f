import { postMessageToThread } from 'node:worker_threads';

/**
 * Posts a message to another thread, and waits until it was taken in. Rejects where nobody listens, or not in time.
 * Waiting for that alone does not keep a thread alive; here a timer does.
 */
export async function messageThread(thread: number, message: unknown, timeoutMs: number): Promise<void> {
  const alive = setInterval(() => undefined, timeoutMs);
  try {
    await postMessageToThread(thread, message, [], timeoutMs);
  } finally {
    clearInterval(alive);
  }
}
