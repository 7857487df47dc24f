/**
 * Results on disk: one JSON file a scenario, complete enough to draw everything from.
 */

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ScenarioResult } from './scenario.js';

export function writeResult(folder: string, result: ScenarioResult): void {
  const results = join(folder, 'results');
  mkdirSync(results, { recursive: true });
  writeFileSync(join(results, `${result.scenario}.json`), `${JSON.stringify(roundNumbers(result), null, 1)}\n`);
}

/** All results of a folder by scenario. */
export function readResults(folder: string): Map<string, ScenarioResult> {
  const results = join(folder, 'results');
  const found = new Map<string, ScenarioResult>();
  for (const file of readdirSync(results).sort()) {
    if (!file.endsWith('.json')) continue;
    const result: ScenarioResult = JSON.parse(readFileSync(join(results, file), 'utf8'));
    found.set(result.scenario, result);
  }
  return found;
}

// Six digits say more than any of these measurements can, and keep the files readable.
function roundNumbers(result: ScenarioResult): ScenarioResult {
  return JSON.parse(
    JSON.stringify(result, (_key, value: unknown) =>
      typeof value === 'number' ? Number(value.toPrecision(6)) : value,
    ),
  ) as ScenarioResult;
}
