import { FifoPolicy } from './fifo.js';

/** Least recently used goes first, exactly: a queue in which a use, and an overwrite, is a new arrival. O(1); 8 bytes an entry. */
export class LruPolicy extends FifoPolicy {
  override touch(handle: number): void {
    this.list.move(0, handle);
  }

  override update(handle: number): void {
    this.list.move(0, handle);
  }
}
