// The kinds of values whose estimates are compared with the real growth of memory: `make(i)` builds one value,
// sharing nothing with the values before it. Plain JavaScript: it runs in bare child processes, see growth.mjs.

const text = (length, i) => Buffer.from(`${i}:`.padEnd(length, 'abcdefghij')).toString('latin1');
const wide = (length, i) => Buffer.from(`${i}:`.padEnd(length, '\u6e08'), 'utf16le').toString('utf16le');
const list = (length, of) => Array.from({ length }, (_, index) => of(index));
const pushed = (length, of) => {
  const array = [];
  for (let index = 0; index < length; index++) array.push(of(index));
  return array;
};
const row = (i, k) => ({ id: i * 1000 + k, name: text(24, i * 1000 + k), score: k + 0.5, ok: true });

function dictionary(length, of) {
  const entries = {};
  for (let index = 0; index < length; index++) {
    const [name, value] = of(index);
    entries[name] = value;
  }
  return entries;
}

class Point {
  constructor(i) {
    this.x = i + 0.5;
    this.y = i;
    this.label = text(20, i);
  }
}

export const KINDS = {
  'Buffer of 10 000': () => Buffer.alloc(10_000),
  'Buffer of 5000, allocUnsafe': () => Buffer.allocUnsafe(5000),
  'Uint8Array of 10 000': () => new Uint8Array(10_000),
  'Float64Array of 1000': () => new Float64Array(1000),
  'BigInt64Array of 500': () => new BigInt64Array(500),
  'DataView of 4096': () => new DataView(new ArrayBuffer(4096)),
  'ArrayBuffer of 10 000': () => new ArrayBuffer(10_000),
  '{ data: Buffer }': (i) => ({ id: i, data: Buffer.alloc(10_000) }),
  '{ data: Uint8Array }': (i) => ({ id: i, data: new Uint8Array(10_000) }),
  '{ raw: ArrayBuffer }': (i) => ({ id: i, raw: new ArrayBuffer(10_000) }),
  'image with metadata': (i) => ({
    width: i,
    height: 1,
    exif: { iso: 100, lens: text(30, i) },
    pixels: Buffer.alloc(65_536),
  }),
  'two views of one buffer': () => {
    const buffer = new ArrayBuffer(20_000);
    return { left: new Uint8Array(buffer, 0, 10_000), right: new Uint16Array(buffer, 10_000) };
  },
  'subarray of a larger buffer': () => Buffer.alloc(100_000).subarray(0, 100),
  'pooled Buffers of 2000': () => Buffer.allocUnsafe(2000),
  'pooled Buffers of 3000': () => Buffer.allocUnsafe(3000),
  'one-byte string': (i) => text(2000, i),
  'long one-byte string': (i) => text(50_000, i),
  'two-byte string': (i) => wide(2000, i),
  'long two-byte string': (i) => wide(50_000, i),
  'two-byte string of one wide character': (i) => Buffer.from(`\u6e08${text(5000, i)}`, 'utf16le').toString('utf16le'),
  'array of small integers': (i) => list(1000, (k) => i + k),
  'array of doubles': (i) => list(1000, (k) => i + k + 0.5),
  'pushed small integers': (i) => pushed(1000, (k) => i + k),
  'pushed doubles': (i) => pushed(1000, (k) => i + k + 0.5),
  'array of { id }': (i) => list(1000, (k) => ({ id: i + k })),
  'pushed { id }': (i) => pushed(1000, (k) => ({ id: i + k })),
  'array of doubles and nulls': (i) => list(1000, (k) => (k % 2 ? null : i + k + 0.5)),
  'array of strings': (i) => list(300, (k) => text(40, i * 1000 + k)),
  'large array of rows (sampled)': (i) => list(20_000, (k) => row(i, k)),
  'array of arrays (sampled)': (i) => list(300, (k) => list(200, (j) => [i + j + 0.5, k])),
  'rows by JSON.parse': (i) => JSON.parse(JSON.stringify(list(200, (k) => row(i, k)))),
  'nested JSON': (i) =>
    JSON.parse(
      JSON.stringify(
        list(60, (k) => ({ user: row(i, k), tags: [text(12, k), text(14, i)], at: { x: k + 0.5, y: [1, 2, k] } })),
      ),
    ),
  'dictionary of 100': (i) => dictionary(100, (k) => [text(16, i * 1000 + k), k]),
  'dictionary of 3000 (sampled)': (i) => dictionary(3000, (k) => [text(16, i * 10_000 + k), row(i, k)]),
  'Map of 100': (i) => new Map(list(100, (k) => [text(16, i * 1000 + k), k])),
  '{ m: Map }': (i) => ({ m: new Map(list(100, (k) => [text(16, i * 1000 + k), { k }])) }),
  'Map of 20 000 (sampled)': (i) => new Map(list(20_000, (k) => [i + k, row(i, k)])),
  'Set of 100': (i) => new Set(list(100, (k) => i * 1000 + k)),
  '{ s: Set }': (i) => ({ s: new Set(list(100, (k) => text(20, i * 1000 + k))) }),
  'instances of a class': (i) => list(50, (k) => new Point(i + k)),
  cycle: (i) => {
    const nodes = list(40, (k) => ({ k: i + k, next: null }));
    nodes.forEach((node, k) => {
      node.next = nodes[(k + 1) % nodes.length];
    });
    return nodes[0];
  },
  'one part referred to many times': (i) => {
    const shared = list(500, (k) => i + k + 0.5);
    return list(50, () => ({ shared }));
  },
  'one part in a sampled array': (i) => {
    const shared = { rows: list(1000, (k) => i + k + 0.5) };
    return list(20_000, () => shared);
  },
  Dates: (i) => list(40, (k) => ({ at: new Date(1.7e12 + i * 1000 + k) })),
  bigints: (i) => list(100, (k) => 2n ** 200n + BigInt(i + k)),
};
