import { nearest } from '../common/nearest.js';

const warned = new Set<string>();

/** A warning of the process, told once per distinct text (of the first thousand). */
export function warnOnce(message: string): void {
  if (warned.has(message) || warned.size >= 1000) return;
  warned.add(message);
  process.emitWarning(message, 'CachalotWarning');
}

/**
 * Warns of a given option that is none, if it is spelt nearly as one of the names. All else that is no option is passed over:
 * options may be meant for somebody else, too.
 */
export function warnOfMisspelt(given: string, whose: string, names: readonly string[]): void {
  const candidates = names.filter((name) => name[0] === given[0]);
  const meant = nearest(given, candidates);
  if (meant !== undefined) warnOnce(`option '${given}' of ${whose} is none, and ignored; did you mean '${meant}'?`);
}
