// A process that plays: told a module and which worlds, tells what it has found and which schedules it has seen.

process.once('message', async ({ module, from, worlds, untilMs }) => {
  Error.stackTraceLimit = 20;
  const { playWorld, replay } = await import(module);
  const counts = new Map();
  const schedules = [];
  const note = (high, low) => schedules.push((high >>> 0) * 2 ** 21 + (low >>> 11));
  let finding;
  const end = Date.now() + untilMs;
  for (let seed = from; seed < from + worlds && finding === undefined && Date.now() < end; seed++) {
    finding = await playWorld(seed, { onSchedule: note, counts });
  }
  if (finding !== undefined) finding = (await replay(finding)) ?? finding;
  process.send({
    schedules: new Float64Array(schedules),
    counts,
    finding: finding && { ...finding, error: finding.error.stack ?? String(finding.error) },
  });
  process.disconnect();
});
