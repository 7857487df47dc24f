/** Larger values are decoded anew each time: freezing them would cost more than it saves. */
const MAX_NODES = 1024;

/**
 * Freezes a value through and through, views excepted, which cannot be frozen. Answers `false`, and freezes nothing,
 * when there is anything inside that freezing does not protect: a Map, a Set, a Date, an Error.
 */
export function deepFreeze(root: unknown): boolean {
  const nodes = new Set<object>();
  const admit = (value: unknown): boolean => {
    if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return true;
    const isOurs = Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype;
    if (isOurs) nodes.add(value);
    return isOurs && nodes.size <= MAX_NODES;
  };
  if (!admit(root)) return false;
  for (const node of nodes) {
    if (!Object.values(node).every(admit)) return false;
  }
  for (const node of nodes) Object.freeze(node);
  return true;
}
