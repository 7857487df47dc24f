import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as cachalot from 'cachalot';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const read = (path: string) => readFileSync(`${root}${path}`, 'utf8');

const rows = read('docs/features.md')
  .split('\n')
  .filter((line) => line.startsWith('| ') && !line.startsWith('| wanted '))
  .map((line) => line.slice(2, -2).split(' | '));

/** What users write: members of the caches, what the package exports, and options, each declared with a `?`. */
const options = ['src/options.ts', 'src/load/context.ts', 'src/shared/options.ts', 'src/memo/memoize.ts'].map(read);
const members = (prototype: object) => Object.getOwnPropertyNames(prototype);
const parents = (prototype: object): string[] => {
  const above: unknown = Object.getPrototypeOf(prototype);
  return [...members(prototype), ...(typeof above === 'object' && above !== null ? parents(above) : [])];
};

const Class = { Cache: cachalot.Cache, SharedCache: cachalot.SharedCache };

function has(cache: keyof typeof Class, name: string): boolean {
  const { prototype } = Class[cache];
  return name === 'stats' || parents(prototype).includes(name) || members(Class[cache]).includes(name);
}

/** The calls of a cell: `Cache: a b; SharedCache: c`, or `a` (`Cache`) for those that one of them has not. */
function calls(cell: string): { name: string; only: keyof typeof Class | undefined }[] {
  return cell.split(/[;,]/).flatMap((part) => {
    const first = /^ ?`(Cache|SharedCache)`: /.exec(part)?.[1];
    const last = /\(`(Cache|SharedCache)`\)$/.exec(part.trim())?.[1];
    const only = (first ?? last) as keyof typeof Class | undefined;
    const names = part.replace(/^ ?`\w+`: |\(`\w+`\)/g, '');
    return [...names.matchAll(/`(\w+)`/g)].map(([, name]) => ({ name: name!, only }));
  });
}

function proofs(cell: string): { path: string; title: string }[] {
  return cell.split(/; (?=`tests\/)/).map((proof) => {
    const [, path = '', title = ''] = /^`(tests\/[\w./-]+)`: (.+)$/.exec(proof) ?? [];
    return { path, title };
  });
}

describe('docs/features.md', () => {
  it('has rows of three cells', () => {
    expect(rows.length).toBeGreaterThan(60);
    expect(rows.filter((row) => row.length !== 3 && row[0] !== '---')).toEqual([]);
  });

  it.each(rows.map(([wanted = '', call = '', proof = '']) => [wanted, call, proof]))('%s', (_, call, proof) => {
    for (const { name, only } of calls(call)) {
      const isMember = only ? has(only, name) : has('Cache', name) && has('SharedCache', name);
      const isOption = options.some((text) => new RegExp(`^ {2}${name}\\?: `, 'm').test(text));
      const isRequired = name === 'maxBytes';
      expect(isMember || isOption || isRequired || name in cachalot, `${name} is there`).toBe(true);
    }
    expect(calls(call).length).toBeGreaterThan(0);
    for (const { path, title } of proofs(proof)) {
      expect(path, proof).not.toBe('');
      expect(read(path).replaceAll("\\'", "'"), path).toContain(title);
    }
  });
});
