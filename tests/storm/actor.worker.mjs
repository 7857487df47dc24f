import { openSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort, Worker, workerData } from 'node:worker_threads';
import { SharedCache } from 'cachalot';
import { DEEDS, Deeds } from './deeds.mjs';
import { failure } from './failure.mjs';
import { Random } from './random.mjs';
import { exhaustMemory, throwUncaught } from './ruin.mjs';
import { ROLES } from './stage.mjs';
import { FLOWS, Tally } from './tally.mjs';

const { handles, tallies, index, self, seed, role, end, files, pipe, nested } = workerData;
/** Those that stay leave time to those that come and go. */
const isSteady = end.kind === 'none';
const random = new Random(seed + self * 7919);
const tally = new Tally(tallies, index);

let isLeaving = false;

/** How an actor ends by itself; `terminate` comes from outside. */
const ENDS = {
  exit: () => process.exit(0),
  throw: throwUncaught,
  memory: exhaustMemory,
  leave: () => {
    isLeaving = true;
  },
};
if (end.kind in ENDS) setTimeout(ENDS[end.kind], end.afterMs);

async function main() {
  // By the handle, or by nothing but the name.
  const attach = (handle) => SharedCache.attach(random.chance(0.5) ? handle : handle.name);
  const [media, notes] = await Promise.all([attach(handles.media), attach(handles.notes)]);
  parentPort.postMessage('attached');
  // A child in this thread's care dies with it.
  if (role === 'parent' && !nested) {
    const data = { ...workerData, self: self + 0.5, role: 'holder', nested: true, end: { kind: 'terminate' } };
    new Worker(new URL(import.meta.url), { workerData: data });
  }
  const descriptors = role === 'native' ? files.map((file) => openSync(file)) : [];
  const descriptor = role === 'pipe' ? openSync(pipe, 'r+') : -1;
  const deeds = new Deeds({ media, notes, random, tally, self, files: descriptors, pipe: descriptor });
  deeds.onPipe = () => {
    tally.stall();
    parentPort.postMessage('reading');
  };
  const flows = role === 'pipe' ? 1 : FLOWS;
  for (let flow = 0; flow < flows; flow++) void run(deeds, nested ? undefined : flow);
}

async function run(deeds, flow) {
  while (!isLeaving) {
    const deed = random.pick(ROLES[role]);
    if (flow !== undefined) tally.begin(flow, DEEDS.indexOf(deed));
    try {
      await deeds[deed]();
    } catch (error) {
      failure({ tally, seed, actor: `${self} (${role})`, deed, error });
      return;
    }
    if (flow !== undefined) tally.end(flow);
    // Never is a thread busy with itself for so long that its events have to wait.
    await (random.chance(0.5) ? sleep(random.between(0, isSteady ? 200 : 8)) : new Promise(setImmediate));
  }
}

main().catch((error) => failure({ tally, seed, actor: `${self} (${role})`, deed: 'attach', error }));
