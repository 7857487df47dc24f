import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { CLI, runCli } from './run-cli.js';

const folder = mkdtempSync(join(tmpdir(), 'cachalot-cli-'));
afterAll(() => rmSync(folder, { recursive: true }));

function write(name: string, content: string | Buffer): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

/** Objects of 10, 20, 30 and 40 bytes: a footprint of 100. */
const ROWS = 'key,size,cost\na,10,1\nb,20,2\na,10,1\nc,30,3\nd,40,4\na,10,1\nb,20,2\n';
const CSV = write('small.csv', ROWS);

interface Results {
  results: Record<string, unknown>[];
}

async function json(args: string[], stdin?: Buffer | string): Promise<Results['results']> {
  const { code, stdout, stderr } = await runCli(['simulate', '--json', ...args], stdin);
  expect(stderr).toBe('');
  expect(code).toBe(0);
  return (JSON.parse(stdout) as Results).results;
}

describe('cachalot simulate', () => {
  it('prints what its page promises with --json, and nothing else', async () => {
    const results = await json([CSV, '--max-bytes', '60,100%', '--policy', 'lru', '--cost', 'requests,measured']);
    expect(results.map(({ cost, maxBytes }) => [cost, maxBytes])).toEqual([
      ['requests', 60],
      ['requests', 100],
      ['measured', 60],
      ['measured', 100],
    ]);
    // At 60: a b a(hit) c d pushes b, a and leaves d; then a and b are missed again.
    expect(results[0]).toEqual({
      trace: CSV,
      policy: 'lru',
      cost: 'requests',
      maxBytes: 60,
      requests: 7,
      requestMissRatio: 6 / 7,
      byteMissRatio: 130 / 140,
      costMissRatio: 6 / 7,
    });
    expect(results[2]).toMatchObject({ costMissRatio: 13 / 14 });
    expect(results[1]).toMatchObject({ requestMissRatio: 4 / 7, byteMissRatio: 100 / 140, costMissRatio: 4 / 7 });
  });

  it('reads several traces, packed ones and standard input, with shares of each footprint', async () => {
    const packed = write('small.gz', gzipSync(ROWS));
    const args = ['--max-bytes', '60%', '--policy', 'lru,fifo'];
    const results = await json([CSV, packed, '-', ...args], ROWS);
    expect(results.map(({ trace, policy }) => [trace, policy])).toEqual(
      [CSV, packed, '-'].flatMap((trace) => [
        [trace, 'lru'],
        [trace, 'fifo'],
      ]),
    );
    const rest = results.map(({ trace: _, ...result }) => result);
    expect(rest.slice(2, 4)).toEqual(rest.slice(0, 2));
    expect(rest.slice(4, 6)).toEqual(rest.slice(0, 2));
    expect(rest[0]).toMatchObject({ maxBytes: 60, requestMissRatio: 6 / 7 });
    expect(await json([CSV, '--max-bytes', '0.6,.6', '--policy', 'lru'])).toEqual([results[0], results[0]]);
    expect(await json(['-', '--max-bytes', '60', '--policy', 'lru'], gzipSync(ROWS))).toEqual([
      { ...results[0], trace: '-' },
    ]);
  });

  it('prints a table and draws a chart', async () => {
    const svg = join(folder, 'out.svg');
    const { code, stdout, stderr } = await runCli(['simulate', CSV, '--max-bytes', '30%,60%', '--svg', svg]);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain('small.csv: 7 requests of 4 objects, 100 B in all');
    expect(stdout).toMatch(/^lru +requests +60% \(60 B\) +85\.71 % +92\.86 % +85\.71 % +10 B +1$/m);
    const drawn = readFileSync(svg, 'utf8');
    expect(drawn.match(/<polyline/g)).toHaveLength(4);
    expect(drawn).toContain('requests missed');
  });

  it('prints the same with any number of threads', async () => {
    const rows = Array.from(
      { length: 20_000 },
      (_, i) => `k${(i * i * 7919) % 1_013},${10 + ((i * i) % 90)},${1 + (i % 7)}`,
    );
    const many = write('many.csv', `key,size,cost\n${rows.join('\n')}\n`);
    const args = ['simulate', many, '-', '--policy', 'auto,lru', '--cost', 'requests,measured'];
    const budgets = ['--max-bytes', '1%,5kb'];
    const one = await runCli([...args, ...budgets], ROWS);
    expect([one.code, one.stderr]).toEqual([0, '']);
    expect(await runCli([...args, ...budgets, '--threads', '5'], ROWS)).toEqual(one);
    const bytes = ['--max-bytes', '5kb', '--json'];
    expect(await runCli([...args, ...bytes, '--threads', '64'], ROWS)).toEqual(await runCli([...args, ...bytes], ROWS));
  });

  it('tells the same of damaged traces with several threads', async () => {
    const bad = write('bad-threads.csv', 'a,10\nb,ten\n');
    const args = ['simulate', bad, '--max-bytes', '10,20', '--policy', 'lru,fifo'];
    const one = await runCli(args);
    expect(one.code).toBe(1);
    expect(await runCli([...args, '--threads', '4'])).toEqual(one);
    const lenient = await runCli([...args, '--skip-bad-lines']);
    expect(await runCli([...args, '--skip-bad-lines', '--threads', '4'])).toEqual(lenient);
  });

  it('tells of damaged traces where they are damaged, with exit code 1', async () => {
    const bad = write('bad.csv', 'a,10\nb,ten\n');
    const { code, stdout, stderr } = await runCli(['simulate', bad]);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toBe(`${bad}: line 2: expected a whole number of bytes as the size; got "ten" (string)\n`);
    const lenient = await runCli(['simulate', bad, '--skip-bad-lines', '--json']);
    expect(lenient.code).toBe(0);
    expect(lenient.stderr).toContain('lines left out that could not be read: 1');
    expect(await runCli(['simulate', join(folder, 'nowhere')])).toMatchObject({ code: 1, stdout: '' });
    const cut = write('cut.gz', gzipSync(Buffer.alloc(80_000, 'key,1\n')).subarray(0, 60));
    expect((await runCli(['simulate', cut])).stderr).toContain('cut.gz: expected gzip; it is damaged after');
    const piped = await runCli(['simulate', '-'], gzipSync(ROWS).subarray(0, 20));
    expect([piped.code, piped.stderr.split(';')[0]]).toEqual([1, 'standard input: expected gzip']);
    const unwritable = await runCli(['simulate', CSV, '--svg', join(folder, 'no', 'where.svg')]);
    expect([unwritable.code, unwritable.stdout]).toEqual([1, '']);
    expect(unwritable.stderr).toMatch(/^--svg: expected a file that can be written; ENOENT: .*no/);
    // A picture that fails in the end costs nobody the figures.
    const late = await runCli(['simulate', CSV, '--svg', folder]);
    expect([late.code, late.stderr.split(';')[0]]).toEqual([1, '--svg: expected a file that can be written']);
    expect(late.stdout).toMatch(/requests missed/);
    expect((await runCli(['simulate'])).stderr).toMatch(/\nSee cachalot simulate --help\.\n$/);
    expect((await runCli(['simulat'])).stderr).toMatch(/\nSee cachalot --help\.\n$/);
  });

  it.each([
    [['simulate'], 'expected one trace or more'],
    [['simulate', '-', '-'], 'expected - once at most'],
    [['simulate', CSV, '--polcy', 'lru'], "'--polcy'"],
    [['simulate', CSV, '--policy', 'mru'], "--policy: expected auto, lru, lfu, fifo, gdsf; got 'mru'"],
    [['simulate', CSV, '--cost', 'money'], "--cost: expected requests, bytes, balanced, measured; got 'money'"],
    [
      ['simulate', CSV, '--max-bytes', '0%'],
      "--max-bytes: expected bytes, or a share of the footprint above 0 %; got '0%'",
    ],
    [['simulate', CSV, '--max-bytes', 'much'], '--max-bytes: expected a positive number of bytes'],
    [['simulate', CSV, '--max-bytes', '1%,,5%'], 'one is empty'],
    [['simulate', CSV, '--threads', '0'], "--threads: expected a whole number from 1 to 64; got '0'"],
    [['simulate', CSV, '--threads', 'all'], "--threads: expected a whole number from 1 to 64; got 'all'"],
    [['simulate', CSV, '--columns', 'kee=1'], 'columns: expected key='],
    [['simulate', CSV, '--max-bytes'], '--max-bytes'],
    [['top'], "cachalot: expected a command: simulate, advise; got 'top'"],
    [[], 'cachalot: expected a command'],
  ])('refuses %j with exit code 2', async (args, message) => {
    const { code, stdout, stderr } = await runCli(args);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(message);
    expect(stderr).not.toContain('    at ');
  });

  it('needs a column of costs for measured ones', async () => {
    const plain = write('plain.csv', 'a,10\nb,20\n');
    expect(await runCli(['simulate', plain, '--cost', 'measured'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('expected a trace with a column of costs'),
    });
  });

  it('helps, and tells its version', async () => {
    expect((await runCli(['--help'])).stdout).toContain('Usage: cachalot <command>');
    expect((await runCli(['simulate', '--help'])).stdout).toContain('Usage: cachalot simulate');
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
    expect((await runCli(['--version'])).stdout).toBe(`${version}\n`);
  });

  it('is quiet when its reader has had enough', async () => {
    const many = ['0.1%', '1%', '2%', '3%']
      .flatMap((share) => [share, `1${share}`, `2${share}`, `3${share}`])
      .join(',');
    const command = `"${process.execPath}" "${CLI}" simulate "${CSV}" --json --policy auto,lru,lfu,fifo --cost requests,bytes,balanced --max-bytes ${many} | head -c 10`;
    const output = await new Promise<{ stdout: string; stderr: string }>((resolve, reject) => {
      execFile('/bin/bash', ['-o', 'pipefail', '-c', command], (error, stdout, stderr) =>
        error ? reject(error) : resolve({ stdout, stderr }),
      );
    });
    expect(output).toEqual({ stdout: '{\n  "resul', stderr: '' });
  });
});
