// A process that plays: told a module and what to play, tells what it has found and which schedules it has seen.

process.once('message', async ({ module, tasks, untilMs }) => {
  Error.stackTraceLimit = 20;
  const { playWorld, replay, explore, PROGRAM_NAMES } = await import(module);
  const end = Date.now() + untilMs;
  const counts = new Map();
  const schedules = [];
  const complete = [];
  let finding;
  for (const { world, program, limit, seed } of tasks) {
    if (finding !== undefined || Date.now() > end) break;
    const note = (high, low) => schedules.push((high >>> 0) * 2 ** 21 + ((low ^ (program ?? 0)) >>> 11));
    if (program === undefined) {
      const found = await playWorld(world, { onSchedule: note, counts });
      if (found === undefined) continue;
      const { error, episode, trace } = (await replay(found)) ?? found;
      finding = { what: `world ${world}, episode ${episode}`, error: error.stack ?? String(error), trace };
    } else {
      const { isAll, error, taken } = await explore(
        program,
        limit,
        seed === undefined ? { onSchedule: note } : { onSchedule: note, seed },
      );
      if (isAll) complete.push(program);
      if (error !== undefined) {
        const what = `${PROGRAM_NAMES[program]}, ${seed === undefined ? `choices ${taken.join('')}` : `drawn from seed ${seed}`}`;
        finding = { what, error: error.stack ?? String(error), trace: [] };
      }
    }
  }
  process.send({ schedules: new Float64Array(schedules), counts, complete, finding });
  process.disconnect();
});
