/** What a cache may hold, of every kind, the same under every version of Node. */
export function samples(): Record<string, unknown> {
  const buffer = Uint8Array.from({ length: 64 }, (_, index) => index * 3).buffer;
  const twice = { twice: true };
  const cycle: Record<string, unknown> = { pixels: new Uint8Array([1, 2, 3]) };
  cycle['self'] = cycle;
  const values: Record<string, unknown> = {
    null: null,
    'minus zero': -0,
    NaN: Number.NaN,
    'a bigint': -(2n ** 100n),
    'a string of many scripts': 'añ漢字🐳',
    'a record': { width: 3, ratio: 0.5, none: undefined, name: 'tile', pixels: new Uint16Array([1, 2, 3]) },
    bytes: new Uint8Array([1, 2, 3]),
    'a Buffer, nested': [{ deep: Buffer.from('whale') }],
    'a Map of Sets': new Map([['k', new Set([1, 'two'])]]),
    'a date': new Date(1.5e12),
    'a regular expression': /a\/b/giu,
    holes: Object.assign(new Array<number>(4), { 1: 1 }),
    'a sparse array': Object.assign([], { 100000: 1 }),
    'boxed primitives': [Object(1), Object('s'), Object(true), Object(1n)],
    'one object twice': [twice, twice],
    'an ArrayBuffer and views of it': { buffer, all: new Uint8Array(buffer), some: [new Float64Array(buffer, 8, 2)] },
    cycle,
  };
  for (const View of [
    Uint8Array,
    Uint8ClampedArray,
    Int8Array,
    Uint16Array,
    Int16Array,
    Uint32Array,
    Int32Array,
    Float32Array,
    Float64Array,
    BigUint64Array,
    BigInt64Array,
    DataView,
  ]) {
    values[View.name] = [
      Reflect.construct(View, [buffer.slice(0)]),
      { nested: Reflect.construct(View, [buffer.slice(8)]) },
    ];
  }
  const Float16: unknown = Reflect.get(globalThis, 'Float16Array');
  if (typeof Float16 === 'function') {
    const half: unknown = Reflect.construct(Float16, [[0.5, -0, Number.NaN, 65504]]);
    values['Float16Array'] = [half, { nested: half }];
    values['Float16Array, alone'] = half;
  }
  return values;
}
