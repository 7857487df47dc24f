import { describe, expect, it } from 'vitest';
import { checklist, style, table } from '../../examples/media-server/report.mjs';
import { checks, figures } from '../../examples/media-server/result.mjs';

type Run = Parameters<typeof figures>[0];
type Report = Run['after'];

const delay = (p99: number) => ({ p50: 0, p99, max: p99 * 2 });
const thread = (p99: number) => ({
  port: 1,
  requests: 1,
  failures: 0,
  loop: { monitored: delay(p99), timed: delay(p99 + 1) },
});

function load(requestsPerSecond: number): Run['load'] {
  const requests = requestsPerSecond * 10;
  return {
    requests,
    requestsPerSecond,
    p50: 12.34,
    p99: 1234.5,
    cpuSeconds: 1,
    failures: 0,
    wrong: 0,
    firstFailure: undefined,
  };
}

/** A run with a cache: so many hits and misses before and during the measuring. */
function cachedRun(
  title: string,
  requestsPerSecond: number,
  [before, during]: Array<{ hits: number; misses: number }>,
) {
  const report = (hits: number, misses: number): Report => ({
    threads: [thread(2), thread(5)],
    decoded: { decodes: misses, images: 10, overlapping: 0 },
    cache: {
      hits,
      misses: misses * 2,
      loads: misses,
      rejected: 0,
      evictions: misses,
      hitRate: 0,
      bytes: 50 * 2 ** 20,
      maxBytes: 60 * 2 ** 20,
    },
    cpuSeconds: hits === before.hits ? 10 : 35,
    rss: 2 ** 30,
    peakRss: 2 ** 31,
  });
  return figures({
    title,
    load: load(requestsPerSecond),
    before: report(before.hits, before.misses),
    after: report(before.hits + during.hits, before.misses + during.misses),
    busyCores: 2.9,
  });
}

function plainRun(requestsPerSecond: number) {
  const report: Report = {
    threads: [thread(1)],
    decoded: { decodes: 0, images: 0, overlapping: 0 },
    cache: undefined,
    cpuSeconds: 4,
    rss: 2 ** 28,
    peakRss: 2 ** 29,
  };
  return figures({ title: 'no cache', load: load(requestsPerSecond), before: report, after: report, busyCores: 0 });
}

const good = () => ({
  none: plainRun(20),
  direct: plainRun(30),
  half: cachedRun('room for half', 100, [
    { hits: 5, misses: 15 },
    { hits: 80, misses: 10 },
  ]),
  all: cachedRun('room for all', 130, [
    { hits: 5, misses: 10 },
    { hits: 100, misses: 0 },
  ]),
});

describe('the result', () => {
  it('takes what happened while measuring from what happened since the start', () => {
    const { none, half } = good();
    expect(half).toMatchObject({ decodes: 10, loop: { timed: { p99: 6 }, monitored: { p99: 5 } } });
    expect(half.cache).toMatchObject({ hits: 80, misses: 10, joined: 10, hitRate: 0.8, totalMisses: 25 });
    expect(none).toMatchObject({ decodes: 200, cache: undefined });
    expect(half.cores).toBeCloseTo(2.5);
    expect(half.otherCores).toBeCloseTo(0.3);
  });

  it('is all right when every promise was kept', () => {
    expect(checks(good()).filter((check) => !check.ok)).toEqual([]);
  });

  it.each([
    ['a failed answer', /1 answers failed/, (runs: ReturnType<typeof good>) => runs.none.failures++],
    ['a wrong answer', /1 answers failed or were wrong/, (runs: ReturnType<typeof good>) => runs.half.wrong++],
    [
      'a decode more than misses',
      /decodes = misses: 36/,
      (runs: ReturnType<typeof good>) => runs.half.cache!.totalDecodes++,
    ],
    [
      'two decodes at once',
      /1 image was decoded twice/,
      (runs: ReturnType<typeof good>) => runs.all.cache!.overlapping++,
    ],
    [
      'an image decoded twice with room for all',
      /10 images took 11 decodes/,
      (runs: ReturnType<typeof good>) => [runs.all.cache!.totalDecodes++, runs.all.cache!.totalMisses++],
    ],
  ])('finds %s', (_, text, spoil) => {
    const runs = good();
    spoil(runs);
    const failed = checks(runs).filter((check) => !check.ok);
    expect(failed).toHaveLength(1);
    expect(failed[0].kind).toBe('correctness');
    expect(failed[0].text).toMatch(text);
  });

  it('finds a gain or an event loop that misses its goal', () => {
    const runs = good();
    runs.half.requestsPerSecond = 59;
    runs.all.loop.timed.p99 = 20;
    runs.none.otherCores = 1.25;
    const failed = checks(runs).filter((check) => !check.ok);
    expect(failed.map((check) => check.kind)).toEqual(['speed', 'speed']);
    expect(failed[1].text).toMatch(/20\.0 ms .*other programs kept up to 1\.3 cores busy/);
  });
});

describe('the table', () => {
  it('has a column per run and lines of one length', () => {
    const { none, half, all } = good();
    const lines = table([none, half, all], style(false)).split('\n');
    expect(lines[0]).toMatch(/no cache +room for half +room for all$/);
    expect(lines.find((line) => line.includes('requests / s'))).toMatch(/20\.0 +100 +130$/);
    expect(lines.find((line) => line.includes('hit rate'))).toMatch(/80\.0 % +100\.0 %$/);
    expect(lines.find((line) => line.includes('held'))).toMatch(/50\.0 MiB +50\.0 MiB$/);
    expect(new Set(lines.map((line) => line.length)).size).toBe(1);
    expect(lines.join('')).not.toContain('\x1b');
  });

  it('colours where asked to, and marks what failed', () => {
    const list = [
      { ok: true, text: 'kept', kind: 'speed' as const },
      { ok: false, text: 'broken', kind: 'speed' as const },
    ];
    expect(checklist(list, style(false))).toBe('  ✔ kept\n  ✘ broken');
    expect(checklist(list, style(true))).toContain('\x1b[31m✘');
  });
});
