import type { Policy } from '../../src/policy/policy.js';
import { CLASS_VALUES, classOf } from '../../src/policy/value-class.js';

/** What each policy promises, in plain arrays that are sorted or searched anew each time. */
export type Model = Omit<Policy, 'validate'>;

/** `fifo` and `lru`: an array in order. */
export class ListModel implements Model {
  readonly #handles: number[] = [];

  constructor(readonly usesMove: boolean) {}

  insert(handle: number): void {
    this.#handles.push(handle);
  }

  touch(handle: number): void {
    if (this.usesMove) this.defer(handle);
  }

  update(handle: number): void {
    this.touch(handle);
  }

  remove(handle: number): void {
    this.#handles.splice(this.#handles.indexOf(handle), 1);
  }

  victim(): number {
    return this.#handles[0] ?? -1;
  }

  defer(handle: number): void {
    this.remove(handle);
    this.insert(handle);
  }

  order(): number[] {
    return [...this.#handles];
  }
}

/** `lfu`: counts that are really halved. */
export class LfuModel implements Model {
  #entries: { handle: number; count: number; serial: number }[] = [];
  #aside: { handle: number; count: number; serial: number }[] = [];
  #uses = 0;
  #serial = 0;

  insert(handle: number): void {
    this.#entries.push({ handle, count: 1, serial: this.#serial++ });
    this.#use();
  }

  touch(handle: number): void {
    this.#all().find((entry) => entry.handle === handle)!.count++;
    this.#use();
  }

  update(): void {}

  remove(handle: number): void {
    this.#entries = this.#entries.filter((entry) => entry.handle !== handle);
    this.#aside = this.#aside.filter((entry) => entry.handle !== handle);
    const back = this.#aside.shift();
    if (back) this.#entries.push({ ...back, serial: this.#serial++ });
  }

  victim(): number {
    return this.order()[0] ?? -1;
  }

  defer(handle: number): void {
    this.touch(handle);
    const entry = this.#all().find((candidate) => candidate.handle === handle)!;
    this.#entries = this.#entries.filter((other) => other !== entry);
    this.#aside = [...this.#aside.filter((other) => other !== entry), entry];
  }

  order(): number[] {
    const sorted = [...this.#entries].sort((a, b) => a.count - b.count || a.serial - b.serial);
    return [...sorted, ...this.#aside].map((entry) => entry.handle);
  }

  #all() {
    return [...this.#entries, ...this.#aside];
  }

  #use(): void {
    if (++this.#uses < 10 * this.#all().length) return;
    this.#uses = 0;
    for (const entry of this.#all()) entry.count /= 2;
  }
}

interface Valued {
  handle: number;
  value: number;
  frequency: number;
  /** The clock at the last use. */
  clock: number;
  /** Where it was placed: a class, at a clock, as the so-and-so-many-th. */
  placed: { list: number; clock: number; serial: number };
  isHit: boolean;
}

/** `gdsf` with its classes: places are searched for, there are no links and no heap. */
export class GdsfModel implements Model {
  #entries: Valued[] = [];
  #aside: Valued[] = [];
  /** class → what the priority of its first was when last looked at: never above what it is. */
  readonly #keys = new Map<number, number>();
  #clock = 0;
  #serial = 0;

  insert(handle: number, size: number, cost: number): void {
    const value = Math.fround(cost / size);
    const placed = this.#place(value);
    this.#entries.push({ handle, value, frequency: 1, clock: this.#clock, placed, isHit: false });
  }

  touch(handle: number): void {
    const entry = this.#find(handle);
    entry.frequency++;
    entry.clock = this.#clock;
    entry.isHit = true;
  }

  update(handle: number, size: number, cost: number): void {
    const entry = this.#find(handle);
    const before = entry.value;
    entry.value = Math.fround(cost / size);
    if (entry.value >= before) {
      entry.clock = this.#clock;
      entry.isHit = true;
    } else if (this.#entries.includes(entry)) {
      this.#placeAnew(entry);
    }
  }

  remove(handle: number): void {
    this.#entries = this.#entries.filter((entry) => entry.handle !== handle);
    this.#aside = this.#aside.filter((entry) => entry.handle !== handle);
    const back = this.#aside.shift();
    if (!back) return;
    this.#placeAnew(back);
    this.#entries.push(back);
  }

  victim(): number {
    for (;;) {
      const [list, key] = [...this.#keys].sort((a, b) => a[1] - b[1] || a[0] - b[0])[0] ?? [-1, 0];
      if (list < 0) return this.#aside[0]?.handle ?? -1;
      const inList = this.#entries.filter(({ placed }) => placed.list === list);
      const first = inList.sort((a, b) => a.placed.serial - b.placed.serial)[0];
      if (!first) {
        this.#keys.delete(list);
      } else if (first.isHit) {
        first.placed = this.#place(first.clock + first.frequency * first.value - this.#clock);
        first.clock = this.#clock;
        first.isHit = false;
      } else if (priority(first) > key) {
        this.#keys.set(list, priority(first));
      } else {
        this.#clock = Math.max(this.#clock, priority(first));
        return first.handle;
      }
    }
  }

  defer(handle: number): void {
    this.touch(handle);
    const entry = this.#find(handle);
    this.#entries = this.#entries.filter((other) => other !== entry);
    this.#aside = [...this.#aside.filter((other) => other !== entry), entry];
  }

  order(): number[] {
    const first = this.victim();
    const now = (entry: Valued) => (entry.isHit ? entry.clock + entry.frequency * entry.value : priority(entry));
    const sorted = this.#entries
      .filter((entry) => entry.handle !== first)
      .sort((a, b) => now(a) - now(b) || a.placed.list - b.placed.list || a.placed.serial - b.placed.serial);
    const rest = [...sorted, ...this.#aside].map((entry) => entry.handle);
    return first < 0 ? [] : [first, ...rest.filter((handle) => handle !== first)];
  }

  #find(handle: number): Valued {
    return [...this.#entries, ...this.#aside].find((entry) => entry.handle === handle)!;
  }

  #place(value: number): Valued['placed'] {
    const list = classOf(value);
    if (!this.#keys.has(list)) this.#keys.set(list, this.#clock + CLASS_VALUES[list]!);
    return { list, clock: this.#clock, serial: this.#serial++ };
  }

  #placeAnew(entry: Valued): void {
    entry.placed = this.#place(entry.frequency * entry.value);
    entry.clock = this.#clock;
    entry.isHit = false;
  }
}

function priority({ placed }: Valued): number {
  return placed.clock + CLASS_VALUES[placed.list]!;
}
