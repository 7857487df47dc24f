/**
 * The workloads of a run: the seeded ones, and the traces of the folder that was named.
 */

import type { Setting } from '../harness/scenario.js';
import { readFolder } from '../traces/folder.js';
import { type Origin, SYNTHETIC_NAMES } from './requests.js';

export interface Workload {
  name: string;
  origin: Origin;
}

export interface Workloads {
  workloads: Workload[];
  /** Tables of what others reach. */
  references: string[];
  close(): void;
}

/** One of each kind: objects of one size, and of many. */
const SMOKE: ReadonlySet<string> = new Set(['loop', 'sized Zipf 0.9']);

export async function openWorkloads({ smoke, seed, traces }: Setting): Promise<Workloads> {
  const size = smoke ? { requests: 4_000, objects: 1_000 } : { requests: 400_000, objects: 50_000 };
  const names = smoke ? SYNTHETIC_NAMES.filter((name) => SMOKE.has(name)) : SYNTHETIC_NAMES;
  const synthetic = names.map((name): Workload => ({ name, origin: { synthetic: name, ...size, seed } }));
  if (traces === undefined) return { workloads: synthetic, references: [], close: () => undefined };
  const folder = await readFolder(traces);
  const recorded = folder.traces.map(({ name, file }): Workload => ({ name, origin: { file } }));
  return { workloads: [...synthetic, ...recorded], references: folder.references, close: folder.close };
}
