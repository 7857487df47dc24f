import { LinkedLists } from '../struct/linked-list.js';
import type { Policy } from './policy.js';

/** First in, first out, exactly: reads and overwrites change nothing. Every operation is O(1); 8 bytes an entry. */
export class FifoPolicy implements Policy {
  /** The first to go comes first. */
  protected readonly list: LinkedLists;

  constructor(capacity = 0) {
    this.list = new LinkedLists(1, capacity);
  }

  reserve(capacity: number): void {
    this.list.grow(capacity);
  }

  insert(handle: number): void {
    this.list.reserve(handle + 1);
    this.list.append(0, handle);
  }

  touch(_handle: number): void {}

  update(_handle: number): void {}

  remove(handle: number): void {
    this.list.remove(handle);
  }

  /** The first becomes the last. */
  replace(handle: number): void {
    this.list.move(0, handle);
  }

  victim(): number {
    return Math.max(-1, this.list.first(0));
  }

  defer(handle: number): void {
    this.list.move(0, handle);
  }

  order(): number[] {
    return this.list.toArray(0);
  }

  validate(): void {
    this.list.validate();
  }
}
