import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { buildChecker, mutated, NARROWINGS } from './build.mjs';
import { MUTATIONS } from './mutations.mjs';
import { PROGRAM_COUNT } from './play.mjs';

type Checker = typeof import('./run.js');

let checker: Checker;
beforeAll(async () => {
  checker = (await import(await buildChecker('.cache/checker/test'))) as Checker;
});

describe('the protocol of the arena', () => {
  it.each([1, 2, 3])(
    'holds in all schedules of world %i',
    async (seed) => {
      const seen = new Set<string>();
      const finding = await checker.playWorld(seed, {
        episodes: 200,
        onSchedule: (high, low) => seen.add(`${high} ${low}`),
      });
      const told = finding && (await checker.replay(finding));
      expect(told && `episode ${told.episode}: ${told.error.stack}\n${told.trace.join('\n')}`).toBeUndefined();
      expect(seen.size).toBeGreaterThan(190);
    },
    120_000,
  );

  it('holds in the first schedules of each small program, and in some that are drawn', async () => {
    const names = checker.PROGRAM_NAMES;
    expect(names).toHaveLength(PROGRAM_COUNT);
    for (const [index, name] of names.entries()) {
      for (const options of [{}, { seed: index }]) {
        const { error, taken } = await checker.explore(index, 8, options);
        expect(error && `${name}, ${taken?.join('')}: ${error.stack}`).toBeUndefined();
      }
    }
  }, 120_000);

  it('holds in schedules of programs that are drawn', async () => {
    const seen = new Set<string>();
    const { error, schedules } = await checker.draw(1, 300, { onSchedule: (high, low) => seen.add(`${high} ${low}`) });
    expect(error && `after ${schedules}: ${error.stack}`).toBeUndefined();
    expect(seen.size).toBeGreaterThan(290);
  }, 120_000);
});

describe('the list of what must not be left out', () => {
  it.each([...MUTATIONS, ...NARROWINGS])('$file: $old', (change) => {
    const text = readFileSync(new URL(`../../${change.file}`, import.meta.url), 'utf8');
    expect(mutated(text, change)).not.toBe(text);
  });
});
