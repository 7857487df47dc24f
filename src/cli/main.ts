#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { advise } from './advise.js';
import { print } from './output.js';
import { simulate } from './simulate.js';
import { UsageError } from './usage.js';

const COMMANDS: Record<string, (args: string[]) => Promise<void>> = { simulate, advise };

const HELP = `Usage: cachalot <command> …

  simulate <trace…>    what would the caches miss, under which policy and budget?
  advise <trace…>      what would half, twice, four times a budget give, and where is the knee?

  --help, --version

cachalot <command> --help tells more.`;

async function run([command, ...args]: string[]): Promise<void> {
  if (command === '--help' || command === '-h' || command === 'help') return print(HELP);
  if (command === '--version' || command === '-v') return print(version());
  const names = Object.keys(COMMANDS).join(', ');
  if (command === undefined) throw new UsageError(`cachalot: expected a command: ${names}`);
  const start = Object.hasOwn(COMMANDS, command) ? COMMANDS[command] : undefined;
  if (start === undefined) throw new UsageError(`cachalot: expected a command: ${names}; got '${command}'`);
  await start(args);
}

/** What has been asked for, as far as it is known. */
function commandLine(): string {
  const command = process.argv[2];
  return command !== undefined && Object.hasOwn(COMMANDS, command) ? `cachalot ${command}` : 'cachalot';
}

function version(): string {
  const path = new URL('../package.json', import.meta.url);
  const { version } = JSON.parse(readFileSync(path, 'utf8')) as { version: string };
  return version;
}

/** Whoever read our output has had enough. */
function isBrokenPipe(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EPIPE';
}

// A write that fails is told to its callback too; without a listener it would end the process with a stack.
process.stdout.on('error', (error) => {
  if (!isBrokenPipe(error)) throw error;
});

async function main(): Promise<void> {
  try {
    await run(process.argv.slice(2));
  } catch (error) {
    if (isBrokenPipe(error)) return;
    const isUsage = error instanceof UsageError;
    process.exitCode = isUsage ? 2 : 1;
    const message = error instanceof Error ? error.message : String(error);
    process.stderr.write(`${message}${isUsage ? `\nSee ${commandLine()} --help.` : ''}\n`);
  }
}

void main();
