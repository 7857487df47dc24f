import { parseArgs } from 'node:util';

export const USAGE = `node tests/storm/storm.mjs [--kills N] [--minutes N] [--threads N] [--patience S] [--seed S]

  --kills N     end after so many deaths (default: 2000, or no bound with --minutes), when every deed has been done
  --minutes N   end after so many minutes
  --threads N   actors at a time (default: 12)
  --patience S  what takes longer hangs: so many seconds (default: 30; more where others keep the processors busy)
  --seed S      of all choices (default: of the time); when threads meet is not repeated by it`;

/** @throws Error that says what is wrong with the arguments. */
export function parseOptions(args) {
  const number = { type: 'string' };
  const { values } = parseArgs({
    args,
    options: {
      kills: number,
      minutes: number,
      threads: number,
      patience: number,
      seed: number,
      help: { type: 'boolean' },
    },
  });
  const read = (name, fallback, least) => {
    if (values[name] === undefined) return fallback;
    const value = Number(values[name]);
    if (values[name] !== '' && value >= least) return value;
    throw new Error(`--${name}: expected a number, ${least} or more; got '${values[name]}'`);
  };
  const minutes = read('minutes', Number.POSITIVE_INFINITY, 0);
  return {
    help: values.help === true,
    minutes,
    kills: read('kills', minutes < Number.POSITIVE_INFINITY ? Number.POSITIVE_INFINITY : 2000, 1),
    threads: Math.round(read('threads', 12, 4)),
    patience: read('patience', 30, 1),
    seed: Math.round(read('seed', Date.now() % 1e9, 0)),
  };
}
