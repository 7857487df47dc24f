import ts from 'typescript';

export interface Block {
  /** `ts`, `js`, `sh`, or empty. */
  language: string;
  text: string;
  /** The line of the page on which its text begins, from 1. */
  line: number;
  /** The heading above it. */
  section: string;
}

/** All fenced blocks of a page, in order. */
export function fencedBlocks(markdown: string): Block[] {
  const blocks: Block[] = [];
  let section = '';
  let open: Block | undefined;
  for (const [index, line] of markdown.split('\n').entries()) {
    if (open && line === '```') {
      blocks.push(open);
      open = undefined;
    } else if (open) {
      open.text += `${line}\n`;
    } else if (line.startsWith('```')) {
      open = { language: line.slice(3).trim(), text: '', line: index + 2, section };
    } else if (/^#{1,4} /.test(line)) {
      section = line.replace(/^#+ /, '');
    }
  }
  if (open) throw new Error(`the block at line ${open.line} has no end`);
  return blocks;
}

/** What pages hide for their blocks: `<!-- fixture: what it is`, a module, `-->`. */
export function fixtures(markdown: string): string[] {
  return [...markdown.matchAll(/<!-- fixture:.*\n([\s\S]*?)-->/g)].map((match) => match[1]!);
}

/** The file that a block says it is, by a comment on its first line: `// main.ts`. */
export function fileName(block: Block): string | undefined {
  return /^\/\/ ([\w.-]+\.(?:ts|js))\b/.exec(block.text)?.[1];
}

/** What a block says that it prints: the lines marked `// → text`, in order. */
export function expectedOutput(block: Block): string[] {
  return [...block.text.matchAll(/\/\/ → (.*)$/gm)].map((match) => match[1]!.trim());
}

/** The files beside it that a module names, as `./name.js`. */
export function siblings(block: Block): string[] {
  return [...block.text.matchAll(/'\.\/([\w.-]+)\.js'/g)].map((match) => match[1]!);
}

/** Rows of the table below a heading whose first column has that name: cells as text, without the head. */
export function tableRows(markdown: string, heading: string, column: string): string[][] {
  const section = markdown.split(/^#{2,4} /m).find((part) => part.startsWith(heading));
  const table = section?.split('\n\n').find((part) => part.startsWith(`| ${column} |`));
  if (!table) throw new Error(`no table of "${column}" below "${heading}"`);
  const rows = table.trim().split('\n').slice(2);
  return rows.map((row) => row.slice(1, -1).split('|')).map((cells) => cells.map((cell) => cell.trim()));
}

/** TypeScript → JavaScript as Node 20 runs it, types taken away and `using` written out. */
export function transpile(text: string): string {
  return ts.transpileModule(text, {
    compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022, verbatimModuleSyntax: true },
  }).outputText;
}

/** Complaints of the compiler about files, under the options of a tsconfig. */
export function typeErrors(files: string[], tsconfig: string): string[] {
  const { config, error } = ts.readConfigFile(tsconfig, ts.sys.readFile);
  if (error) throw new Error(ts.flattenDiagnosticMessageText(error.messageText, '\n'));
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, '.', tsconfig);
  const program = ts.createProgram(files, { ...options, noEmit: true });
  return ts.getPreEmitDiagnostics(program).map(({ file, start, messageText }) => {
    const where = file && `${file.fileName}:${file.getLineAndCharacterOfPosition(start ?? 0).line + 1}: `;
    return `${where ?? ''}${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
  });
}
