/**
 * The words of the harness. A scenario is a list of jobs; a job is one contender in one group, run in a fresh process;
 * a round runs every job once, in an order that changes from round to round, so that ratios within a round compare
 * processes that lived a few seconds apart.
 */

import type { Machine } from './machine.js';
import type { Window } from './timing.js';

/** Begins the line on which a job's process prints its report. */
export const MARK = '@@result ';

export interface Job {
  contender: string;
  /** Jobs of one group are compared with one another and run side by side: '1 MiB', 'values'. */
  group: string;
  /** A module below native-bench/dist, run by this Node; or a program, by `command`. */
  module?: string;
  command?: string;
  args?: string[];
  /** Handed to a module as its job. */
  input?: Record<string, unknown>;
  nodeFlags?: string[];
  /** How long it may take. Default: two minutes. */
  deadlineMs?: number;
  /** Runs in every n-th round only: for those too slow to be the point. Default 1. */
  every?: number;
}

/** What one process measured: names to numbers. */
export type Metrics = Record<string, number>;

export interface Sample {
  round: number;
  group: string;
  contender: string;
  metrics: Metrics;
  /** Share of the process's main-thread time spent waiting for a core: near 0 on a quiet machine. */
  waitShare: number;
}

export interface Failure {
  round: number;
  group: string;
  contender: string;
  reason: string;
}

export interface Plan {
  jobs: Job[];
  rounds: number;
  /** What is known already, and stands in the result beside what is measured: figures of others. */
  known?: Sample[];
  /** Undoes what the plan has set up: servers, folders. */
  close?(): Promise<void>;
}

export interface Setting {
  smoke: boolean;
  seed: number;
  window: Window;
  /** The built package under test, as a file URL. */
  product: string;
  threads: number[];
  /** A folder of recorded requests. */
  traces: string | undefined;
  /** Also what takes very long, or a great deal of memory. */
  full: boolean;
  /** The compiled C++ program, or why there is none. */
  ceiling: { program: string } | { missing: string };
  /** The redis-server program, or why there is none. */
  redis: { program: string } | { missing: string };
}

export interface Scenario {
  name: string;
  /** Runs only when it is asked for by name, or in a smoke run. */
  isLong?: boolean;
  /** Reads no clock, so that its jobs may run side by side, on all cores. */
  isUntimed?: boolean;
  plan(setting: Setting): Promise<Plan>;
}

export interface ScenarioResult {
  scenario: string;
  startedAt: string;
  seconds: number;
  seed: number;
  smoke: boolean;
  window: Window;
  rounds: number;
  machine: Machine;
  samples: Sample[];
  failures: Failure[];
}
