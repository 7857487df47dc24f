/**
 * All scenarios, in the order in which they run.
 */

import type { Scenario } from '../harness/scenario.js';
import { advice } from './advice.js';
import { ceiling } from './ceiling.js';
import { cost } from './cost.js';
import { eviction } from './eviction.js';
import { heap } from './heap.js';
import { latency } from './latency.js';
import { memory } from './memory.js';
import { pairs } from './pairs.js';
import { read } from './read.js';
import { room } from './room.js';
import { snapshot } from './snapshot.js';
import { threads } from './threads.js';

export const scenarios: readonly Scenario[] = [
  heap,
  read,
  memory,
  latency,
  ceiling,
  snapshot,
  eviction,
  cost,
  advice,
  pairs,
  room,
  threads,
];
