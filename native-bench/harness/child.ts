/**
 * One job, one fresh process. It prints its metrics as JSON on a line that starts with a mark; whatever else a library
 * prints is ignored.
 */

import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type Job, MARK, type Metrics } from './scenario.js';

const DEFAULT_DEADLINE_MS = 120_000;
const COMPILED = new URL('../dist/', import.meta.url);

export interface Report {
  metrics: Metrics;
  waitShare: number;
}

/** Runs the job's process to its end. Rejects with what it said when it fails, hangs, or reports nothing. */
export function runJob(job: Job): Promise<Report> {
  const [command, args] = commandOf(job);
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const output = { stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output.stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      output.stderr += text;
    });
    const deadline = setTimeout(() => child.kill('SIGKILL'), job.deadlineMs ?? DEFAULT_DEADLINE_MS);
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearTimeout(deadline);
      const line = output.stdout.split('\n').find((candidate) => candidate.startsWith(MARK));
      if (code === 0 && line) resolve(JSON.parse(line.slice(MARK.length)) as Report);
      else reject(new Error(`${job.contender} ended with ${signal ?? code}: ${output.stderr.trim().slice(-1000)}`));
    });
  });
}

function commandOf(job: Job): [string, string[]] {
  if (job.command) return [job.command, job.args ?? []];
  if (!job.module) throw new TypeError(`job ${job.contender}: expected a module or a command`);
  const module = fileURLToPath(new URL(job.module, COMPILED));
  return [process.execPath, [...(job.nodeFlags ?? []), module, JSON.stringify(job.input ?? {})]];
}
