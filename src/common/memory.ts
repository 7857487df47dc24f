/**
 * # How much memory is there?
 *
 * Four answers exist, and each is wrong somewhere:
 *
 *   os.totalmem()                   the machine's, whatever the container may use
 *   process.constrainedMemory()     1.8e19 or 0 where nothing is constrained; below a limited cgroup of version 1 it
 *                                   does not see the limit above it
 *   memory.max of one's own cgroup  'max', while the group above has a limit
 *   V8's heap limit                 only what lies in the heap
 *
 * A limit binds everything below it. So the limits of all cgroups from the process's own up to the root are read, of
 * version 1 and of version 2 (a machine may mount both), and the least of all answers is taken.
 */
import { readFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import { getHeapStatistics } from 'node:v8';

/** Bytes that this process may use: the container's limit where there is one, else physical memory. A few file reads. */
export function usableMemory(): number {
  const constrained = process.constrainedMemory?.() ?? 0;
  const limit = constrained > 0 ? constrained : Number.POSITIVE_INFINITY;
  return Math.min(totalmem(), limit, cgroupLimit());
}

/** Bytes that JavaScript values of this thread may take: the lesser of `usableMemory` and V8's heap limit. */
export function usableHeap(): number {
  return Math.min(usableMemory(), getHeapStatistics().heap_size_limit);
}

/**
 * The least limit of memory on this process's cgroup and all above it that can be seen; `Infinity` where there is none.
 * `root` is where `/proc` and `/sys` are looked for.
 */
export function cgroupLimit(root = '/'): number {
  const groups = linesOf(join(root, 'proc/self/cgroup')).map(parseGroup);
  if (groups.length === 0) return Number.POSITIVE_INFINITY;
  const limits = linesOf(join(root, 'proc/self/mountinfo'))
    .map(parseMount)
    .flatMap((mount) => {
      const hierarchy = HIERARCHIES.find(({ holds }) => mount !== undefined && holds(mount));
      const group = hierarchy && groups.find(({ controllers }) => hierarchy.has(controllers));
      if (mount === undefined || hierarchy === undefined || group === undefined) return [];
      const folders = upwards(group.path, mount).map((folder) => join(root, folder));
      return folders.flatMap((folder) => hierarchy.limits(folder));
    });
  return Math.min(Number.POSITIVE_INFINITY, ...limits);
}

interface Mount {
  /** The cgroup that is mounted: `/`, or the container's own. */
  root: string;
  at: string;
  type: string;
  options: string[];
}

interface Hierarchy {
  holds(mount: Mount): boolean;
  has(controllers: string): boolean;
  limits(folder: string): number[];
}

const HIERARCHIES: Hierarchy[] = [
  {
    holds: ({ type }) => type === 'cgroup2',
    has: (controllers) => controllers === '',
    // Above memory.high a group is not killed but slowed down until it is of no use.
    limits: (folder) => [limitIn(folder, 'memory.max'), limitIn(folder, 'memory.high')],
  },
  {
    holds: ({ type, options }) => type === 'cgroup' && options.includes('memory'),
    has: (controllers) => controllers.split(',').includes('memory'),
    // The second tells of groups above the container, whose folders cannot be seen in it.
    limits: (folder) => [limitIn(folder, 'memory.limit_in_bytes'), hierarchicalLimit(folder)],
  },
];

/** The folders from the group's own up to the top of the mount. */
function upwards(group: string, { root, at }: Mount): string[] {
  const top = root === '/' ? '' : root;
  const isBelow = group === top || group.startsWith(`${top}/`);
  // A group beside the mount's (`/../other`) has no folder here: what is mounted is the nearest that can be seen.
  const names = isBelow ? group.slice(top.length).split('/') : [];
  const inner = names.includes('..') ? [] : names.filter((name) => name !== '');
  return Array.from({ length: inner.length + 1 }, (_, up) => [at, ...inner.slice(0, inner.length - up)].join('/'));
}

/** `4:memory:/docker/abc`, in version 2 `0::/system.slice`. A path may hold colons. */
function parseGroup(line: string): { controllers: string; path: string } {
  const [, controllers = '-', ...path] = line.split(':');
  return { controllers, path: path.join(':') };
}

/** `35 31 0:32 /docker/abc /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory` */
function parseMount(line: string): Mount | undefined {
  const fields = line.split(' ');
  const [type, , options] = fields.slice(fields.indexOf('-') + 1);
  const [root, at] = [fields[3], fields[4]];
  if (root === undefined || at === undefined || type === undefined) return undefined;
  return { root: plainPath(root), at: plainPath(at), type, options: options?.split(',') ?? [] };
}

function plainPath(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

/** What is written as `max`, or as the largest number of pages, is more than any machine has: it binds nothing. */
function limitIn(folder: string, file: string): number {
  return bytesOf(linesOf(join(folder, file))[0]);
}

function hierarchicalLimit(folder: string): number {
  const line = linesOf(join(folder, 'memory.stat')).find((text) => text.startsWith('hierarchical_memory_limit '));
  return bytesOf(line?.split(' ')[1]);
}

function bytesOf(text: string | undefined): number {
  return text !== undefined && /^[1-9]\d*$/.test(text) ? Number(text) : Number.POSITIVE_INFINITY;
}

function linesOf(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').trim().split('\n');
  } catch {
    // Not there on other systems, or for others' eyes only: no limit is known from it.
    return [];
  }
}
