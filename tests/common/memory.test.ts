import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { getHeapStatistics } from 'node:v8';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { cgroupLimit, usableHeap, usableMemory } from '../../src/common/memory.js';

const home = mkdtempSync(join(tmpdir(), 'cachalot-memory-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));
afterEach(() => vi.restoreAllMocks());

const GIB = 2 ** 30;
/** What version 1 writes for no limit: the largest number of whole pages. */
const NO_LIMIT_1 = '9223372036854771712';
const V1 = '35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory';
const V2 = '29 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate';
const UNIFIED = '41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw';

let machines = 0;

/** A machine as its files show it. */
function machine(cgroup: string, mounts: string[], files: Record<string, string>): string {
  const root = join(home, String(machines++));
  const all = { 'proc/self/cgroup': `${cgroup}\n`, 'proc/self/mountinfo': `${mounts.join('\n')}\n`, ...files };
  for (const [path, text] of Object.entries(all)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

describe('the limit of the cgroups', () => {
  it.each<[string, string, string[], Record<string, string>, number]>([
    ['version 2', '0::/app', [V2], { 'sys/fs/cgroup/app/memory.max': `${GIB}\n` }, GIB],
    ['version 2, none', '0::/app', [V2], { 'sys/fs/cgroup/app/memory.max': 'max\n' }, Number.POSITIVE_INFINITY],
    ['version 2, in a container', '0::/', [V2], { 'sys/fs/cgroup/memory.max': '512\n' }, 512],
    [
      'version 2, the lowest is above',
      '0::/a/b/c',
      [V2],
      {
        'sys/fs/cgroup/a/memory.max': `${GIB}`,
        'sys/fs/cgroup/a/b/memory.max': `${2 * GIB}`,
        'sys/fs/cgroup/a/b/c/memory.max': 'max',
      },
      GIB,
    ],
    [
      'version 2, throttled before it is full',
      '0::/app',
      [V2],
      { 'sys/fs/cgroup/app/memory.max': `${2 * GIB}`, 'sys/fs/cgroup/app/memory.high': `${GIB}` },
      GIB,
    ],
    ['version 2, outside of what is mounted', '0::/../other', [V2], { 'sys/fs/cgroup/memory.max': '4096' }, 4096],
    ['version 1', '4:memory:/app', [V1], { 'sys/fs/cgroup/memory/app/memory.limit_in_bytes': `${GIB}\n` }, GIB],
    [
      'version 1, none',
      '4:memory:/app',
      [V1],
      {
        'sys/fs/cgroup/memory/app/memory.limit_in_bytes': NO_LIMIT_1,
        'sys/fs/cgroup/memory/memory.limit_in_bytes': NO_LIMIT_1,
      },
      Number(NO_LIMIT_1),
    ],
    [
      'version 1, above its own',
      '4:memory:/app/in',
      [V1],
      {
        'sys/fs/cgroup/memory/app/memory.limit_in_bytes': `${GIB}`,
        'sys/fs/cgroup/memory/app/in/memory.limit_in_bytes': NO_LIMIT_1,
      },
      GIB,
    ],
    [
      'version 1, above the container',
      '4:memory:/docker/abc',
      [V1.replace('0:32 /', '0:32 /docker/abc')],
      {
        'sys/fs/cgroup/memory/memory.limit_in_bytes': NO_LIMIT_1,
        'sys/fs/cgroup/memory/memory.stat': `cache 0\nhierarchical_memory_limit ${GIB}\n`,
      },
      GIB,
    ],
    [
      'version 1, several controllers in one, a path with a colon and a mount with a space',
      '7:cpu,memory:/app:1',
      ['35 31 0:32 / /my\\040groups rw - cgroup cgroup rw,cpu,memory'],
      { 'my groups/app:1/memory.limit_in_bytes': '8192' },
      8192,
    ],
    [
      'hybrid: limits are those of version 1',
      '4:memory:/app\n1:cpu:/other\n0::/app',
      [V1, UNIFIED],
      { 'sys/fs/cgroup/memory/app/memory.limit_in_bytes': `${GIB}`, 'sys/fs/cgroup/unified/app/cgroup.procs': '1' },
      GIB,
    ],
    [
      'hybrid: the lesser of both',
      '4:memory:/app\n0::/app',
      [V1, UNIFIED],
      {
        'sys/fs/cgroup/memory/app/memory.limit_in_bytes': `${2 * GIB}`,
        'sys/fs/cgroup/unified/app/memory.max': `${GIB}`,
      },
      GIB,
    ],
    [
      'another controller of version 1',
      '1:cpu:/app',
      [V1.replace('rw,memory', 'rw,cpu')],
      {},
      Number.POSITIVE_INFINITY,
    ],
    [
      'a limit of 0, which nobody could run under',
      '0::/',
      [V2],
      { 'sys/fs/cgroup/memory.max': '0' },
      Number.POSITIVE_INFINITY,
    ],
    ['files that make no sense', 'x', ['y', ''], {}, Number.POSITIVE_INFINITY],
  ])('%s', (_, cgroup, mounts, files, limit) => {
    expect(cgroupLimit(machine(cgroup, mounts, files))).toBe(limit);
  });

  it('is none where there are no cgroups', () => {
    expect(cgroupLimit(join(home, 'nowhere'))).toBe(Number.POSITIVE_INFINITY);
  });

  const groups = '/sys/fs/cgroup/memory';
  const ownGroup = join(groups, `cachalot-test-${process.pid}`);

  function canMakeGroup(): boolean {
    try {
      mkdirSync(join(ownGroup, 'inner'), { recursive: true });
      writeFileSync(join(ownGroup, 'memory.limit_in_bytes'), String(GIB));
      return true;
    } catch {
      // Not Linux, not root, or version 2: the machines above stand for it.
      return false;
    }
  }

  function removeGroup(): void {
    for (const folder of [join(ownGroup, 'inner'), ownGroup]) {
      try {
        rmdirSync(folder);
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
      }
    }
  }

  it('is that of the real group above, where one can be made', () => {
    const script = `import('${new URL('../../dist/index.js', import.meta.url).href}').then(({ Cache }) =>
      process.stdout.write(String(new Cache({ maxBytes: '50%' }).maxBytes)))`;
    const node = [process.execPath, '-e', script];
    const enter = `echo $$ > ${join(ownGroup, 'inner', 'cgroup.procs')} && exec "$@"`;
    const isMade = canMakeGroup();
    try {
      const [command, ...args] = isMade ? ['sh', '-c', enter, 'sh', ...node] : node;
      const half = Number(execFileSync(command!, args, { encoding: 'utf8' }));
      expect(half).toBe(isMade ? GIB / 2 : Math.floor(usableMemory() / 2));
    } finally {
      removeGroup();
    }
  });
});

describe('usableMemory', () => {
  it('is no more than the machine has', () => {
    expect(usableMemory()).toBeGreaterThan(2 ** 20);
    expect(usableMemory()).toBeLessThanOrEqual(totalmem());
  });

  it.each([
    [GIB, GIB],
    [0, undefined],
    [1.8446744073709552e19, undefined],
  ])('heeds what Node knows of limits, where it knows anything: %d', (constrained, expected) => {
    const before = usableMemory();
    vi.spyOn(process, 'constrainedMemory').mockReturnValue(constrained);
    expect(usableMemory()).toBe(expected ?? before);
  });
});

describe('usableHeap', () => {
  it("is the lesser of V8's limit and the memory", () => {
    expect(usableHeap()).toBe(Math.min(usableMemory(), getHeapStatistics().heap_size_limit));
    vi.spyOn(process, 'constrainedMemory').mockReturnValue(2 ** 24);
    expect(usableHeap()).toBe(2 ** 24);
  });
});
