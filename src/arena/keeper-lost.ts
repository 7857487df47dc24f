import { CacheError } from '../common/error.js';

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
