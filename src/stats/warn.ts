const warned = new Set<string>();

/** A warning of the process, told once per distinct text (of the first thousand). */
export function warnOnce(message: string): void {
  if (warned.has(message) || warned.size >= 1000) return;
  warned.add(message);
  process.emitWarning(message, 'CachalotWarning');
}
