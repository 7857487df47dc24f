import { execFile } from 'node:child_process';

export interface Run {
  /** 0, another exit code, or the signal that ended it. */
  code: number | string;
  stdout: string;
  stderr: string;
}

/**
 * Runs a program in a process of its own, as a user would: without what the test runner puts into the environment.
 * One that does not end by itself is killed after `timeoutMs`, and its `code` is `SIGTERM`.
 */
export function runProgram(file: string, cwd: string, timeoutMs = 20_000): Promise<Run> {
  const env = { PATH: process.env['PATH'], SystemRoot: process.env['SystemRoot'], TEMP: process.env['TEMP'] };
  return new Promise((resolve) => {
    execFile(process.execPath, [file], { cwd, env, timeout: timeoutMs }, (error, stdout, stderr) => {
      resolve({ code: error ? (error.signal ?? error.code ?? 1) : 0, stdout, stderr });
    });
  });
}
