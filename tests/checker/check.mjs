// npm run check:model [-- --schedules N --seconds S --processes N --seed S]: plays until so many different schedules were
// seen, or so much time has passed, and fails when something is found.

import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { buildChecker } from './build.mjs';
import { drawn, everything, named, Player, worlds } from './play.mjs';

const { values } = parseArgs({
  options: {
    schedules: { type: 'string', default: '1000000' },
    seconds: { type: 'string', default: '900' },
    processes: { type: 'string', default: String(availableParallelism()) },
    seed: { type: 'string', default: '1' },
  },
});
const wanted = Number(values.schedules);
const end = Date.now() + Number(values.seconds) * 1000;
const module = await buildChecker('.cache/checker/model');

/** All schedules of the small programs, as far as this goes. */
const LIMIT = 300;
/** Drawn schedules of each small program, and of programs that are drawn, in one round; and worlds of 500 larger ones. */
const OF_NAMED = 4;
const OF_DRAWN = { limit: 1000, count: 10 };
const WORLDS = 1;

const seen = new Set();
const counts = new Map();
const complete = new Set();
const start = Date.now();
let played = 0;
let round = Number(values.seed);
let finding;

// All small programs first, dealt out; then rounds that are drawn.
const first = everything(LIMIT);
const length = Number(values.processes);
const hands = Array.from({ length }, (_, i) => first.filter((_, at) => at % length === i));

async function work(hand) {
  const player = new Player(module);
  for (let tasks = hand; finding === undefined && seen.size < wanted && Date.now() < end; ) {
    const result = await player.play(tasks, end - Date.now());
    played += result.schedules.length;
    for (const schedule of result.schedules) if (seen.size < 2 ** 23) seen.add(schedule);
    for (const [what, count] of result.counts) counts.set(what, (counts.get(what) ?? 0) + count);
    for (const program of result.complete) complete.add(program);
    finding ??= result.finding;
    const seed = round++;
    tasks = [
      ...drawn(OF_DRAWN.limit, seed * OF_DRAWN.count, OF_DRAWN.count),
      ...named(OF_NAMED, seed),
      ...worlds(seed * WORLDS + 1000, WORLDS),
    ];
  }
  player.end();
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
