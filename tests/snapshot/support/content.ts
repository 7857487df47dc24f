/** A value of each kind, so that each way of the codec is in a file: what is changed in it meets all of them. */
export function contentOfAllKinds(): [string, unknown][] {
  const shared = { twice: true };
  return [
    ['bytes', new Uint8Array(300).fill(7)],
    ['buffer', Buffer.from('a buffer')],
    ['array buffer', new Uint8Array([1, 2, 3]).buffer],
    ['nothing', new Float32Array(0)],
    ['text', 'once upon a time'],
    ['long text', 'whale '.repeat(1000)],
    ['number', 42],
    ['null', null],
    ['bigint', 123456789012345678901234567890n],
    ['record', { width: 4, height: 4, name: 'tile', pixels: new Uint8Array(64).fill(9) }],
    ['graph', { shared, again: shared, list: [1, undefined, 3], at: new Date(0), matches: /a+/g }],
    [
      'map',
      new Map<unknown, unknown>([
        [1, new Set([2, 'three'])],
        ['views', [new Float64Array(8), new DataView(new ArrayBuffer(9))]],
      ]),
    ],
    ['error', new RangeError('too far')],
    ['sparse', Object.assign([], { 5: 'five' })],
    ['ключ 漢字', { deep: { deeper: { deepest: [[[['x']]]] } } }],
    ['big', { big: new Uint16Array(700_000).fill(3), small: new Uint8Array(8) }],
  ];
}
