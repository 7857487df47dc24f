import { randomBytes } from 'node:crypto';

/*
 * A function has no content to compare: it is told from others by a number, which only this thread of this process
 * knows. So the number carries a mark of the thread, and an entry of another process that is restored here is not taken
 * for one of ours.
 */
const THREAD = randomBytes(6).toString('base64url');

const ids = new WeakMap<object, string>();
/** cache → name → the function that it stands for there. */
const names = new WeakMap<object, Map<string, string>>();
let last = 0;

/** Stands for an object or a function as long as this thread lives; the same for the same, and for no other. */
export function identityOf(thing: object): string {
  let id = ids.get(thing);
  if (id === undefined) {
    last++;
    id = `${THREAD}.${last}`;
    ids.set(thing, id);
  }
  return id;
}

/**
 * Stands for a function in the keys of a cache of one thread: by its name, if it has got one and was the first to have
 * it in this cache, else by its identity. So a second function of the same name never finds the results of the first.
 */
export function labelOf(cache: object, fn: { name: string }, name: string | undefined): string {
  const id = identityOf(fn);
  if (name !== undefined) {
    let known = names.get(cache);
    if (known === undefined) {
      known = new Map();
      names.set(cache, known);
    }
    const owner = known.get(name) ?? id;
    known.set(name, owner);
    if (owner === id) return escapeName(name);
  }
  return `${escapeName((name ?? fn.name).slice(0, 64))}@${id}`;
}

/** Without what has a meaning in a key: the key of a call is `label(arguments)`, that of a loader `name:input`. */
export function escapeName(name: string): string {
  return name.replace(/[%:()@/]/g, (char) => `%${char.charCodeAt(0).toString(16)}`);
}
