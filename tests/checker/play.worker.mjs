// A process that plays: told a module and what to play, again and again, tells each time what it has found and which
// schedules it has seen.

// Errors that are no findings are made often.
Error.stackTraceLimit = 3;

/** One task: what was found, and whether all was played that there is. */
async function playTask({ playWorld, replay, explore, draw, PROGRAM_NAMES }, task, { note, counts }) {
  const { world, program, limit, seed } = task;
  if (world !== undefined) {
    const found = await playWorld(world, { onSchedule: note, counts });
    if (found === undefined) return {};
    const { error, episode, trace } = (await replay(found)) ?? found;
    return { finding: { what: `world ${world}, episode ${episode}`, error: error.stack ?? String(error), trace } };
  }
  const isDrawn = program === undefined;
  const { isAll, error, schedules, taken } = isDrawn
    ? await draw(seed, limit, { onSchedule: note })
    : await explore(program, limit, seed === undefined ? { onSchedule: note } : { onSchedule: note, seed });
  if (error === undefined) return { isAll };
  const name = isDrawn ? 'a drawn program' : PROGRAM_NAMES[program];
  const how = seed === undefined ? `choices ${taken.join(' ')}` : `number ${schedules} drawn from seed ${seed}`;
  return { finding: { what: `${name}, ${how}`, error: error.stack ?? String(error), trace: [] } };
}

process.on('message', async ({ module, tasks, untilMs }) => {
  const checker = await import(module);
  const end = Date.now() + untilMs;
  const counts = new Map();
  const schedules = [];
  const complete = [];
  let finding;
  /** Those that are told by part of their names, one by one. */
  const single = ({ name, ...task }) =>
    name === undefined
      ? [task]
      : checker.PROGRAM_NAMES.flatMap((one, program) => (one.includes(name) ? [{ ...task, program }] : []));
  for (const task of tasks.flatMap(single)) {
    if (finding !== undefined || Date.now() > end) break;
    const note = (high, low) => schedules.push((high >>> 0) * 2 ** 21 + ((low ^ (task.program ?? 0)) >>> 11));
    const result = await playTask(checker, task, { note, counts });
    finding = result.finding;
    if (result.isAll) complete.push(task.program);
  }
  process.send({ schedules: new Float64Array(schedules), counts, complete, finding });
});
process.on('disconnect', () => process.exit());
