/**
 * The command line of `npm run bench`.
 */

import { parseArgs } from 'node:util';

export interface Options {
  smoke: boolean;
  json: boolean;
  help: boolean;
  build: boolean;
  report: boolean;
  scenarios: string[];
  only: string[];
  groups: string[];
  rounds: number | undefined;
  seed: number;
  out: string | undefined;
  product: string | undefined;
  traces: string | undefined;
  full: boolean;
}

export const USAGE = `npm run bench -- [options]

  --scenario NAME   one of the scenarios; may be repeated (default: all)
  --only NAME       only contenders whose name begins so; may be repeated
  --group NAME      only groups whose name begins so ('1 MiB'); may be repeated
  --rounds N        rounds of fresh processes (default: what each scenario needs)
  --seed N          seed of all keys and orders (default: 1)
  --traces FOLDER   recorded requests, for the scenarios of eviction and room: all traces of the folder, in the formats of
                    'cachalot simulate', and reference tables beside them (CSV: trace, cache_fraction, policy,
                    request_miss_ratio, byte_miss_ratio)
  --full            also what takes very long: caches of 10 M entries
  --smoke           everything, tiny, in a minute or so: does it run? The figures mean nothing
  --out FOLDER      where results, charts and README go (default: native-bench; with --smoke native-bench/.cache/smoke)
  --product FILE    the build to measure (default: dist/index.js): two builds can be compared
  --no-build        use the builds that are there
  --report          measure nothing: write README and charts from the results that are there
  --json            print the results as JSON on standard output, progress on standard error
  --help            this text
`;

/** Throws a `TypeError` that names the option, what was expected and what came. */
export function parseOptions(argv: readonly string[], scenarioNames: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      smoke: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
      build: { type: 'boolean', default: true },
      report: { type: 'boolean', default: false },
      scenario: { type: 'string', multiple: true, default: [] },
      only: { type: 'string', multiple: true, default: [] },
      group: { type: 'string', multiple: true, default: [] },
      rounds: { type: 'string' },
      seed: { type: 'string', default: '1' },
      out: { type: 'string' },
      product: { type: 'string' },
      traces: { type: 'string' },
      full: { type: 'boolean', default: false },
    },
    allowNegative: true,
  });
  for (const name of values.scenario) {
    if (!scenarioNames.includes(name)) {
      throw new TypeError(`--scenario: expected one of ${scenarioNames.join(', ')}, got '${name}'`);
    }
  }
  return {
    smoke: values.smoke,
    json: values.json,
    help: values.help,
    build: values.build,
    report: values.report,
    scenarios: values.scenario,
    only: values.only,
    groups: values.group,
    rounds: values.rounds === undefined ? undefined : wholeNumber('--rounds', values.rounds),
    seed: wholeNumber('--seed', values.seed),
    out: values.out,
    product: values.product,
    traces: values.traces,
    full: values.full,
  };
}

function wholeNumber(option: string, text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) {
    throw new TypeError(`${option}: expected a whole number from 1, got '${text}'`);
  }
  return value;
}
