import { after } from '../common/timer.js';

/** Work that has a deadline. */
export interface Bounded<T> {
  /** `callOff` stops the clock: from there on the work must end by itself. */
  work: (callOff: () => void) => Promise<T>;
  timeoutMs: number;
  /** The deadline has passed, or it was stopped: what it does from now on is in vain. */
  onStop: () => void;
  timedOut: () => Error;
}

/** Runs work that may be stopped: by its deadline, or by whoever calls `stop`. */
export function bounded<T>({ work, timeoutMs, onStop, timedOut }: Bounded<T>): {
  promise: Promise<T>;
  stop: (error: unknown) => void;
} {
  let stop = (_error: unknown): void => {};
  const promise = new Promise<T>((resolve, reject) => {
    let isOver = false;
    let callOff = (): void => {};
    const isFirst = (): boolean => {
      const first = !isOver;
      isOver = true;
      callOff();
      return first;
    };
    stop = (error) => {
      if (!isFirst()) return;
      onStop();
      reject(error);
    };
    callOff = after(timeoutMs, () => stop(timedOut()));
    work(callOff).then(
      (result) => {
        if (isFirst()) resolve(result);
      },
      (error: unknown) => {
        if (isFirst()) reject(error);
      },
    );
  });
  return { promise, stop };
}

interface Waiting {
  begin: () => void;
  reject: (error: unknown) => void;
}

/** One after the other, in the order in which they came. */
export class Turns {
  #waiting: Waiting[] = [];
  #isTaken = false;
  #stop = (_error: unknown): void => {};

  /** When its turn comes: at once, when nobody has it. */
  run<T>(task: Bounded<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const begin = (): void => {
        this.#isTaken = true;
        const { promise, stop } = bounded(task);
        this.#stop = stop;
        promise.then(resolve, reject);
        promise.then(this.#next, this.#next);
      };
      if (this.#isTaken) this.#waiting.push({ begin, reject });
      else begin();
    });
  }

  /** Who runs is stopped, who waits is rejected. */
  close(error: unknown): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { reject } of waiting) reject(error);
    this.#stop(error);
  }

  readonly #next = (): void => {
    this.#isTaken = false;
    this.#stop = () => undefined;
    this.#waiting.shift()?.begin();
  };
}
