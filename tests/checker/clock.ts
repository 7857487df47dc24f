/** Time that passes only when it is let pass, for all of the process: timers, and what is read off clocks. */
interface Timer {
  at: number;
  order: number;
  act: () => void;
}

const real = {
  setTimeout: globalThis.setTimeout,
  clearTimeout: globalThis.clearTimeout,
  setImmediate: globalThis.setImmediate,
};

export class Clock {
  now = 1_000;
  #timers: Timer[] = [];
  #count = 0;

  /** Puts itself in the place of the platform's timers. Gives what takes it away again. */
  install(): () => void {
    const arm = (act: () => void, delay = 0) => this.#arm(act, delay);
    Object.assign(globalThis, {
      setTimeout: arm,
      setImmediate: (act: () => void) => arm(act),
      clearTimeout: (handle?: { timer: Timer }) => {
        this.#timers = this.#timers.filter((timer) => timer !== handle?.timer);
      },
    });
    Object.defineProperty(performance, 'now', { value: () => this.now, configurable: true });
    return () => {
      Object.assign(globalThis, real);
      Reflect.deleteProperty(performance, 'now');
    };
  }

  get isIdle(): boolean {
    return this.#timers.length === 0;
  }

  /** What the next timer does, and time has come to it; `undefined` when there is none within so many milliseconds. */
  next(within = Number.POSITIVE_INFINITY): (() => void) | undefined {
    const first = this.#timers[0];
    if (first === undefined || first.at > this.now + within) return undefined;
    this.#timers.shift();
    this.now = Math.max(this.now, first.at);
    return first.act;
  }

  #arm(act: () => void, delay: number) {
    const timer = { at: this.now + Math.max(0, delay), order: this.#count++, act };
    this.#timers.push(timer);
    this.#timers.sort((a, b) => a.at - b.at || a.order - b.order);
    const handle = { timer, unref: () => handle, ref: () => handle, hasRef: () => true };
    return handle;
  }
}
