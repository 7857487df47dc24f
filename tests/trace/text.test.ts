import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseColumns } from '../../src/trace/columns.js';
import { Trace, type TraceOptions } from '../../src/trace/trace.js';

/** The requests of a text, cut into chunks of `step` bytes. */
async function read(text: string | Buffer, options: TraceOptions = {}, step = 1 << 16) {
  const bytes = Buffer.from(text);
  async function* chunks() {
    for (let at = 0; at < bytes.length; at += step) yield bytes.subarray(at, at + step);
  }
  const trace = new Trace({ name: 'trace', position: 0, chunks: chunks() }, options);
  const requests: [number, number, number][] = [];
  for await (const { ids, sizes, costs, length } of trace.batches) {
    for (let i = 0; i < length; i++) requests.push([ids[i]!, sizes[i]!, costs[i]!]);
  }
  return { requests, skipped: trace.skipped, hasCosts: trace.hasCosts };
}

const COMBINED = [
  '10.0.0.1 - - [21/Nov/2026:04:00:00 +0000] "GET /a.jpg?w=1 HTTP/1.1" 200 1000 "-" "curl \\"8\\""',
  'example.org:443 10.0.0.1 - alice [21/Nov/2026:04:00:01 +0000] "GET /b.jpg HTTP/2.0" 206 300 "-" "x"',
  '::1 - - [21/Nov/2026:04:00:02 +0000] "GET /a.jpg?w=1 HTTP/1.1" 304 - "-" "x"',
  '10.0.0.1 - - [21/Nov/2026:04:00:03 +0000] "POST /a.jpg HTTP/1.1" 200 5 "-" "x"',
  '10.0.0.1 - - [21/Nov/2026:04:00:03 +0000] "\\x16\\x03\\x01" 400 150 "-" "-"',
  '10.0.0.1 - - [21/Nov/2026:04:00:04 +0000] "GET /none HTTP/1.1" 404 150',
  '10.0.0.1 - - [21/Nov/2026:04:00:05 +0000] "GET /b.jpg HTTP/1.1" 206 100 "-" "x"',
];

describe('CSV', () => {
  it('is key, size, time and cost when it has no header', async () => {
    const { requests, hasCosts } = await read('a,10,1700000000,2.5\nb,20,1700000001,1\na,10,1700000002,2.5\n');
    expect(requests).toEqual([
      [0, 10, 2.5],
      [1, 20, 1],
      [0, 10, 2.5],
    ]);
    expect(hasCosts).toBe(true);
    expect((await read('a,10,1700000000')).requests).toEqual([[0, 10, 1]]);
    expect((await read('a\nb\na')).requests.map(([id, size]) => [id, size])).toEqual([
      [0, 1],
      [1, 1],
      [0, 1],
    ]);
  });

  it.each([
    ['size,key\n10,a\n20,b', 'commas'],
    ['time\tobj_id\tobj_size\n1\ta\t10\n2\tb\t20\n', 'tabs, and names as other tools write them'],
    ['# a comment\r\n\r\nURL;Content-Length\r\na;10\r\nb;20', 'semicolons, comments, empty lines, CRLF'],
    ['\ufeff"url","bytes","note"\n"a","10","x, ""y"""\n"b","20",""', 'quotes and a byte order mark'],
  ])('is told by its header: %j', async (text) => {
    expect((await read(text)).requests).toEqual([
      [0, 10, 1],
      [1, 20, 1],
    ]);
  });

  it('is read as the user says', async () => {
    const columns = parseColumns('key=2,size=4,cost=1');
    expect((await read('7,a,x,10\n8,b,x,20', { columns })).requests).toEqual([
      [0, 10, 7],
      [1, 20, 8],
    ]);
    const named = parseColumns('key=who,size=what');
    expect((await read('size,what,who\n1,10,a', { columns: named })).requests).toEqual([[0, 10, 1]]);
  });

  it.each([
    ['a,10\nb,x\n', 'trace: line 2: expected a whole number of bytes as the size; got "x" (string)'],
    ['a,10\nb,-1\n', 'trace: line 2: expected a whole number of bytes'],
    ['a,10\n\nb\n', 'trace: line 3: expected a whole number of bytes as the size; got undefined'],
    ['a,10\n,10\n', 'trace: line 2: expected a key in column 1; there is none'],
    ['what,ever\na,10\n', 'trace: line 1: expected a header with a key'],
    ['a,10\n"b,10\n', 'trace: line 2: expected a closing quote'],
  ])('tells what is wrong where: %j', async (text, message) => {
    await expect(read(text)).rejects.toThrow(message);
  });

  it('leaves bad lines out on demand, and counts them', async () => {
    const { requests, skipped } = await read('a,10\nb,x\nc,5', { skipBadLines: true });
    expect(requests).toEqual(
      [
        [0, 10, 1],
        [2, 5, 1],
      ].map(([, size, cost], i) => [i, size, cost]),
    );
    expect(skipped).toBe(1);
  });

  it('is the same however it is cut into chunks', async () => {
    const key = fc.string({ minLength: 1, maxLength: 12, unit: 'grapheme' });
    const row = fc.tuple(key, fc.nat(1e9));
    await fc.assert(
      fc.asyncProperty(
        fc.array(row, { minLength: 1, maxLength: 30 }),
        fc.integer({ min: 1, max: 20 }),
        async (rows, step) => {
          const quoted = rows.map(([name, size]) => `"k${name.replaceAll('"', '""').replace(/[\r\n]/g, '')}",${size}`);
          const whole = await read(quoted.join('\n'), { format: 'csv' });
          expect(whole.requests.map(([, size]) => size)).toEqual(rows.map(([, size]) => size));
          expect(await read(quoted.join('\n'), { format: 'csv' }, step)).toEqual(whole);
          const names = quoted.map((line) => line.slice(0, line.lastIndexOf(',')));
          expect(whole.requests.map(([id]) => id)).toEqual(names.map((name) => [...new Set(names)].indexOf(name)));
        },
      ),
      { seed: 1, numRuns: 50 },
    );
  });
});

describe('JSON lines', () => {
  it('are told by the names of the first object', async () => {
    const { requests } = await read(
      '{"url":"/a","bytes":10,"ms":3}\n{"ms":4,"url":7,"bytes":20}\n{"url":"/a","bytes":10,"ms":3}',
    );
    expect(requests).toEqual([
      [0, 10, 3],
      [1, 20, 4],
      [0, 10, 3],
    ]);
    expect((await read('{"key":"a"}')).requests).toEqual([[0, 1, 1]]);
  });

  it.each([
    ['{"key":"a","size":1}\n{"key":"b"}', 'trace: line 2: expected a whole number of bytes as the size; got undefined'],
    ['{"key":"a","size":1}\n{"key":', 'trace: line 2: expected a JSON object; '],
    ['{"key":"a","size":1}\n[1]', 'trace: line 2: expected a JSON object; got an instance of Array'],
    ['{"key":{},"size":1}', "trace: line 1: expected a string or a number as 'key'; got an object"],
    ['{"who":"a"}', 'trace: line 1: expected a property for the key'],
  ])('tell what is wrong where: %s', async (text, message) => {
    await expect(read(text)).rejects.toThrow(message);
  });
});

describe('access logs', () => {
  it('count what a cache could have answered', async () => {
    const { requests } = await read(COMBINED.join('\n'));
    expect(requests).toEqual([
      [0, 1000, 1],
      [1, 300, 1],
      [0, 1000, 1],
      [1, 300, 1],
    ]);
  });

  it("may be Squid's", async () => {
    const log = [
      '1286536309.450    180 192.168.0.68 TCP_MISS/200 411 GET http://example.org/a - DIRECT/1.2.3.4 text/html',
      '1286536309.586    921 192.168.0.68 TCP_MISS/200 507 POST http://example.org/b - DIRECT/1.2.3.4 text/html',
      '1286536310.000      1 192.168.0.68 TCP_MEM_HIT/200 411 GET http://example.org/a - NONE/- text/html',
    ];
    expect((await read(log.join('\n'))).requests).toEqual([
      [0, 411, 1],
      [0, 411, 1],
    ]);
  });

  it('tell what is wrong where', async () => {
    await expect(read(`${COMBINED[0]}\nnonsense`)).rejects.toThrow(
      'trace: line 2: expected a line of an access log; got "nonsense"',
    );
  });
});

describe('text', () => {
  it('has no endless lines', async () => {
    await expect(read('a'.repeat(2 << 20), { format: 'csv' })).rejects.toThrow(
      'trace: line 1: expected a line of at most',
    );
  });
});
