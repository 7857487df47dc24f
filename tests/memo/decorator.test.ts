import { Cache, type CachedDecorator, cached, memoOf } from 'cachalot';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { create } from '../shared/support/threads.js';

const MIB = 2 ** 20;

class Shapes {
  runs = 0;

  constructor(readonly factor = 1) {}

  @cached()
  async area(width: number, height = 1): Promise<number> {
    this.runs++;
    return this.factor * width * height;
  }

  @cached({ key: (shape: { id: number }) => `shape ${shape.id}` })
  async named(shape: { id: number; color?: string }): Promise<string> {
    this.runs++;
    return `${shape.id}`;
  }

  @cached()
  async #hidden(x: number): Promise<number> {
    this.runs++;
    return x + this.factor;
  }

  hidden(x: number): Promise<number> {
    return this.#hidden(x);
  }

  forget(x: number): boolean | Promise<boolean> {
    return memoOf(this, this.#hidden).invalidate(x);
  }

  static made = 0;

  @cached()
  static async unit(kind: string): Promise<string> {
    Shapes.made++;
    return kind;
  }

  @cached({ ttl: '1m', maxBytes: '1MiB' })
  async large(bytes: number): Promise<Uint8Array> {
    this.runs++;
    return new Uint8Array(bytes);
  }

  @cached()
  async failing(): Promise<number> {
    this.runs++;
    throw new Error(`run ${this.runs}`);
  }
}

describe('@cached', () => {
  it('runs a method once for the same arguments, for each instance', async () => {
    const [one, two] = [new Shapes(1), new Shapes(2)];
    expect([await one.area(3, 4), await one.area(3, 4), await two.area(3, 4)]).toEqual([12, 12, 24]);
    expect([one.runs, two.runs]).toEqual([1, 1]);
    await Promise.all([one.area(9), one.area(9)]);
    expect(one.runs).toBe(2);
  });

  it('keeps the name, the length and the type of the method', () => {
    expect([Shapes.prototype.area.name, Shapes.prototype.area.length]).toEqual(['area', 1]);
    expectTypeOf<Shapes['area']>().toEqualTypeOf<(width: number, height?: number) => Promise<number>>();
    expect(Object.keys(new Shapes()).sort()).toEqual(['factor', 'runs']);
  });

  it('takes the keys of `key`', async () => {
    const shapes = new Shapes();
    await shapes.named({ id: 1, color: 'red' });
    await shapes.named({ id: 1, color: 'blue' });
    expect(shapes.runs).toBe(1);
    expect(memoOf(shapes, shapes.named).keyOf({ id: 1 })).toBe('shape 1');
  });

  it('works on private and on static methods', async () => {
    const shapes = new Shapes(10);
    expect([await shapes.hidden(1), await shapes.hidden(1), shapes.runs]).toEqual([11, 11, 1]);
    expect([await shapes.forget(1), await shapes.hidden(1), shapes.runs]).toEqual([true, 11, 2]);
    expect([await Shapes.unit('cm'), await Shapes.unit('cm'), Shapes.made]).toEqual(['cm', 'cm', 1]);
  });

  it('has a budget of 16 MiB for each instance, or another', async () => {
    const shapes = new Shapes();
    await shapes.area(1);
    await shapes.large(1000);
    expect(memoOf(shapes, shapes.area).cache).toMatchObject({ maxBytes: 16 * MIB, name: 'area' });
    expect(memoOf(shapes, shapes.large).cache).toMatchObject({ maxBytes: MIB });
    expect((await shapes.large(2 * MIB)).length).toBe(2 * MIB);
    await shapes.large(2 * MIB);
    expect(shapes.runs).toBe(4);
  });

  it('gives what is remembered for an instance', async () => {
    const [one, two] = [new Shapes(), new Shapes()];
    await Promise.all([one.area(1), two.area(1)]);
    const memo = memoOf(one, one.area);
    expect(await memo.invalidate(1)).toBe(true);
    expect(await memo.invalidate(1)).toBe(false);
    await Promise.all([one.area(1), two.area(1)]);
    expect([one.runs, two.runs]).toEqual([2, 1]);
    await memo.cache.clear();
    await one.area(1);
    expect(one.runs).toBe(3);
    expect(() => memoOf(one, one.hidden)).toThrow(
      'memoOf: expected a method that is decorated with @cached; got hidden',
    );
  });

  it('goes with subclasses, super and overrides', async () => {
    class Doubled extends Shapes {
      @cached()
      override async area(width: number, height = 1): Promise<number> {
        return 2 * (await super.area(width, height));
      }
    }
    const doubled = new Doubled(1);
    expect([await doubled.area(3, 4), await doubled.area(3, 4), doubled.runs]).toEqual([24, 24, 1]);
    expect(await new Shapes(1).area(3, 4)).toBe(12);
    expect([await doubled.hidden(5), doubled.runs]).toEqual([6, 2]);
    class Plain extends Shapes {}
    const before = Shapes.made;
    expect([await Plain.unit('in'), await Plain.unit('in'), Shapes.made - before]).toEqual(['in', 'in', 1]);
  });

  it('rejects as the method does, and caches nothing', async () => {
    const shapes = new Shapes();
    await expect(shapes.failing()).rejects.toThrow('run 1');
    await expect(shapes.failing()).rejects.toThrow('run 2');
    await expect(shapes.area((() => 1) as never)).rejects.toThrow('arguments[0]: a function has no stable key');
  });

  it('must be called on an instance', async () => {
    const { area } = new Shapes();
    const alone: (width: number) => Promise<number> = area;
    await expect(alone(1)).rejects.toThrow('area: expected to be called on its instance; got undefined as this');
  });

  it('lets instances and their results be collected', async () => {
    const seen = await (async () => {
      const shapes = new Shapes();
      await shapes.area(1);
      return new WeakRef(shapes);
    })();
    await new Promise((resolve) => setImmediate(resolve));
    globalThis.gc?.();
    expect(seen.deref()).toBeUndefined();
  });
});

describe('a cache that decorates', () => {
  it('tells instances and methods apart, in a Cache', async () => {
    const cache = new Cache<string, number>({ maxBytes: MIB, ttl: '1m' });
    class Counter {
      constructor(readonly by: number) {}
      @cache.cached()
      async add(x: number) {
        return x + this.by;
      }
      @cached({ cache, ttl: '1h' })
      async times(x: number) {
        return x * this.by;
      }
      @cache.cached({ name: 'add' })
      async also(x: number) {
        return -x - this.by;
      }
    }
    const [one, two] = [new Counter(1), new Counter(2)];
    const ask = () => Promise.all([one.add(5), two.add(5), one.times(5), two.times(5), one.also(5), two.also(5)]);
    expect(await ask()).toEqual([6, 7, 5, 10, -6, -7]);
    expect(await ask()).toEqual([6, 7, 5, 10, -6, -7]);
    expect(cache.size).toBe(6);
    const { add, times } = one;
    expect(cache.info(String(memoOf(one, add).keyOf(5)))?.ttl).toBe(60_000);
    expect(cache.info(String(memoOf(one, times).keyOf(5)))?.ttl).toBe(3_600_000);
    expect(memoOf(one, add).cache).toBe(cache);
    expect(memoOf(one, add).invalidate(5)).toBe(true);
    expect(cache.size).toBe(5);
  });

  it('calls `key` on the instance', async () => {
    const cache = new Cache<string, string>({ maxBytes: MIB });
    class User {
      constructor(readonly id: number) {}
      @cache.cached({
        key(this: User, page: number) {
          return `${this.id}/${page}`;
        },
      })
      async posts(page: number) {
        return `page ${page} of ${this.id}`;
      }
    }
    expect(await new User(7).posts(1)).toBe('page 1 of 7');
    expect(await new User(8).posts(1)).toBe('page 1 of 8');
    expect([...cache.keys()]).toEqual(['7/1', '8/1']);
  });

  it('finds methods by name in a SharedCache, for all instances', async () => {
    const cache = await create<number>();
    let runs = 0;
    class Maths {
      @cache.cached({ name: 'square' })
      async square(x: number) {
        runs++;
        return x * x;
      }
      @cached({ cache, name: 'cube' })
      async cube(x: number) {
        return x * x * x;
      }
    }
    const answers = [await new Maths().square(3), await new Maths().square(3), await new Maths().cube(3)];
    expect([answers, runs]).toEqual([[9, 9, 27], 1]);
    const maths = new Maths();
    expect(await memoOf(maths, maths.square).invalidate(3)).toBe(true);
  });
});

describe('misuse of @cached', () => {
  const legacy = (decorator: unknown, ...args: unknown[]) => (decorator as (...args: unknown[]) => unknown)(...args);

  it.each<[string, () => unknown, string]>([
    ['no call', () => legacy(cached, () => 1, { kind: 'method', name: 'm' }), 'expected @cached() or @cached({ … })'],
    ['a legacy decorator', () => legacy(cached(), {}, 'm', { value: () => 1 }), 'experimentalDecorators, for "m"'],
    ['a bare legacy one', () => legacy(cached, {}, 'm', {}), 'expected @cached() or @cached({ … })'],
    ['bare, of a cache', () => legacy(new Cache({ maxBytes: MIB }).cached, () => 1, {}), 'expected @cached()'],
    ['options that are none', () => legacy(cached, null), 'expected @cached() or @cached({ … }); got null'],
    ['a budget of 0', () => cached({ maxBytes: 0 }), 'maxBytes'],
    ['a cache that is none', () => cached({ cache: new Map() as never }), 'cache: expected a Cache or a SharedCache'],
    [
      'a cache and a budget',
      () => cached({ cache: new Cache<string>({ maxBytes: 1 }), maxBytes: 2 }),
      'maxBytes: expected none',
    ],
  ])('%s', (_, misuse, message) => {
    expect(misuse).toThrow(
      expect.objectContaining({ name: 'CacheConfigError', message: expect.stringContaining(message) }),
    );
  });

  it('on anything but a method', () => {
    const decorator: CachedDecorator<unknown[], unknown> = cached();
    for (const kind of ['getter', 'setter', 'field', 'accessor', 'class']) {
      expect(() => legacy(decorator, () => 1, { kind, name: 'x' })).toThrow(`expected a method; got the ${kind} x`);
    }
    expect(() => {
      class Wrong {
        // @ts-expect-error a getter
        @cached()
        get area() {
          return Promise.resolve(1);
        }
      }
      return Wrong;
    }).toThrow('cached: expected a method; got the getter area');
    expect(() => {
      class Wrong {
        @cached({ ttl: -1 })
        async area() {}
      }
      return Wrong;
    }).toThrow('ttl');
  });

  it('on a method that returns no promise is an error of types', async () => {
    class Sync {
      // @ts-expect-error would be a promise afterwards
      @cached()
      double(x: number) {
        return 2 * x;
      }
    }
    expect(await new Sync().double(2)).toBe(4);
  });
});
