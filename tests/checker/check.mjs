// npm run check:model [-- --schedules N --seconds S --seed S]: plays until so many different schedules were seen, or so
// much time has passed, and fails when something is found.

import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { buildChecker } from './build.mjs';
import { drawn, everything, play, worlds } from './play.mjs';

const { values } = parseArgs({
  options: {
    schedules: { type: 'string', default: '1000000' },
    seconds: { type: 'string', default: '900' },
    seed: { type: 'string', default: '1' },
  },
});
const wanted = Number(values.schedules);
const end = Date.now() + Number(values.seconds) * 1000;
const module = await buildChecker('.cache/checker/model');

const seen = new Set();
const counts = new Map();
const complete = new Set();
const start = Date.now();
let played = 0;
let round = Number(values.seed);
let finding;

// All small programs first, dealt out; then rounds that are drawn: the small programs, and worlds of larger ones.
const first = everything(3000);
const length = availableParallelism();
const hands = Array.from({ length }, (_, i) => first.filter((_, at) => at % length === i));

async function work(hand) {
  let tasks = hand;
  while (finding === undefined && seen.size < wanted && Date.now() < end) {
    const result = await play(module, tasks, end - Date.now());
    played += result.schedules.length;
    for (const schedule of result.schedules) if (seen.size < 2 ** 23) seen.add(schedule);
    for (const [what, count] of result.counts) counts.set(what, (counts.get(what) ?? 0) + count);
    for (const program of result.complete) complete.add(program);
    finding ??= result.finding;
    const seed = round++;
    tasks = [...drawn(200, seed), ...worlds(seed * 5 + 1000, 3)];
  }
}

await Promise.all(hands.map(work));
const seconds = (Date.now() - start) / 1000;
console.log([...counts].map(([what, count]) => `${what} ${count}`).join(', '));
console.log(
  `${seen.size} different schedules of ${played} in ${seconds.toFixed(0)} s; all there are of ${complete.size} programs of ${first.length}`,
);
if (finding !== undefined) {
  console.log(`FOUND: ${finding.what}\n${finding.error}\n${finding.trace.join('\n')}`);
  process.exitCode = 1;
}
