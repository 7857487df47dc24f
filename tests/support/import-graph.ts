import { readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import ts from 'typescript';

/**
 * What each room may import. A room is a folder of src, or a file of src that has a row of its own (`options.ts`);
 * `top` is the other files of src itself.
 */
export type ImportTable = Readonly<Record<string, readonly string[]>>;

/** Which files may import a package: paths below src. A package that is not named here may be imported nowhere. */
export type PackageTable = Readonly<Record<string, readonly string[]>>;

/** Path below src (`arena/index.ts`) → source text. */
export type Sources = ReadonlyMap<string, string>;

export interface ImportGraph {
  /** File → files below src that it imports, type imports and `import()` included. */
  files: Map<string, string[]>;
  /** File → packages and built-in modules that it imports. */
  packages: Map<string, string[]>;
  /** Imports that lead out of src, or to no file at all. */
  lost: string[];
}

export function readSources(folder: string): Sources {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => name.replaceAll('\\', '/'));
  const files = names.filter((name) => name.endsWith('.ts')).sort();
  return new Map(files.map((name) => [name, readFileSync(posix.join(folder, name), 'utf8')]));
}

export function importGraph(sources: Sources): ImportGraph {
  const graph: ImportGraph = { files: new Map(), packages: new Map(), lost: [] };
  for (const [file, text] of sources) {
    const specifiers = ts.preProcessFile(text, true, true).importedFiles.map((imported) => imported.fileName);
    const relative = specifiers.filter((specifier) => specifier.startsWith('.'));
    const targets = relative.map((specifier) =>
      posix.join(posix.dirname(file), specifier).replace(/\.(c|m)?js$/, '.$1ts'),
    );
    graph.files.set(
      file,
      targets.filter((target) => sources.has(target)),
    );
    graph.packages.set(
      file,
      specifiers.filter((specifier) => !specifier.startsWith('.')),
    );
    graph.lost.push(...targets.filter((target) => !sources.has(target)).map((target) => `${file} → ${target}`));
  }
  return graph;
}

function roomOf(file: string, table: ImportTable): string {
  if (file.includes('/')) return file.slice(0, file.indexOf('/'));
  return file in table ? file : 'top';
}

/** Imports that the table does not allow, and rooms that it does not know. */
export function forbiddenImports(graph: ImportGraph, table: ImportTable): string[] {
  const forbidden: string[] = [];
  for (const [file, targets] of graph.files) {
    const room = roomOf(file, table);
    const allowed = table[room];
    if (!allowed) forbidden.push(`${file}: the table has no room "${room}"`);
    for (const target of targets) {
      const to = roomOf(target, table);
      if (allowed && to !== room && !allowed.includes(to)) forbidden.push(`${file} → ${target}`);
    }
  }
  return forbidden;
}

/** Packages imported where the table does not allow it. Node's own modules are free, when named with `node:`. */
export function forbiddenPackages(graph: ImportGraph, table: PackageTable): string[] {
  const forbidden: string[] = [];
  for (const [file, specifiers] of graph.packages) {
    for (const specifier of specifiers) {
      if (specifier.startsWith('node:') || table[specifier]?.includes(file)) continue;
      forbidden.push(`${file} → ${specifier}`);
    }
  }
  return forbidden;
}

/** One cycle for each group of files that import each other, written `a → b → a`. */
export function cycles(graph: ImportGraph): string[] {
  const done = new Set<string>();
  const found: string[] = [];
  const visit = (file: string, path: string[]): void => {
    const start = path.indexOf(file);
    if (start >= 0) {
      found.push([...path.slice(start), file].join(' → '));
      return;
    }
    if (done.has(file)) return;
    for (const target of graph.files.get(file) ?? []) visit(target, [...path, file]);
    done.add(file);
  };
  for (const file of graph.files.keys()) visit(file, []);
  return found;
}

/** Files longer than `limit` lines. */
export function longFiles(sources: Sources, limit: number): string[] {
  const lines = (text: string): number => text.replace(/\n$/, '').split('\n').length;
  return [...sources].filter(([, text]) => lines(text) > limit).map(([file, text]) => `${file}: ${lines(text)} lines`);
}

/** Private fields whose first value is made of a public one: in the CommonJS build that has none yet. */
export function earlyFields(sources: Sources): string[] {
  const field = /^ {2}(?:readonly )?(#\w+)[^=\n]*=(?!>) ([^=\n]*\bthis\.\w[^\n]*?);?$/gm;
  return [...sources].flatMap(([file, text]) =>
    [...text.matchAll(field)]
      .filter(([, , value]) => !/=>|function/.test(value!.slice(0, value!.indexOf('this.'))))
      .map(([, name, value]) => `${file}: ${name} = ${value}`),
  );
}

/** Reads the first two-column table under a heading of a markdown page; cells give their `quoted` words. */
export function tableOf(markdown: string, heading: string): ImportTable {
  const section = markdown.split(/^## /m).find((part) => part.startsWith(heading));
  if (!section) throw new Error(`no heading "${heading}"`);
  const words = (cell = ''): string[] => [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1]!);
  const rows = section.split('\n').filter((line) => line.startsWith('| `'));
  return Object.fromEntries(rows.map((row) => row.split('|')).map((cells) => [words(cells[1])[0]!, words(cells[2])]));
}
