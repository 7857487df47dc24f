import { CacheClosedError, CacheError } from '../common/error.js';
import { isTagged } from './discovery.js';

/** The keeper has ended in the middle of what it alone knew: what was asked may have been done, or not. */
export class KeeperLostError extends CacheError {
  constructor(what: string) {
    super(`SharedCache: the keeper thread has ended during ${what}, and another one has taken its place`);
    this.name = 'CacheError';
  }
}

/** So many keepers may end in the middle of one write. */
const MAX_ATTEMPTS = 8;

/** Does something that can be done from the beginning when the keeper ends in the middle of it. */
export async function withKeeper<T>(work: () => Promise<T>, again: () => Promise<void>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof KeeperLostError) || attempt === MAX_ATTEMPTS) throw error;
      await again();
    }
  }
}

export function keeperEnded(): CacheClosedError {
  return new CacheClosedError('SharedCache: the keeper thread has ended, with the thread that had started it');
}

/** Whether a keeper could not be reached because it is gone: its port has closed, or there is no such thread. */
export function hasEnded(error: unknown): boolean {
  const { cause } = error as { cause?: NodeJS.ErrnoException };
  return error instanceof CacheClosedError || cause?.code === 'ERR_WORKER_MESSAGING_FAILED';
}

let answering = false;

/** A thread that is attached can be asked whether it lives: who has no listener cannot be told from one that is gone. */
export function answerToLife(): void {
  if (answering) return;
  answering = true;
  process.on('workerMessage', (message: unknown) => isTagged(message, 'alive'));
}
