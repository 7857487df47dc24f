/**
 * # Options from the environment
 *
 *   CACHALOT_MAX_BYTES                            maxBytes
 *   CACHALOT_CACHES_THUMBNAILS_TTL                caches.thumbnails.ttl
 *   CACHALOT_CACHES_USER_AVATARS_POOL_MAX_THREADS caches.userAvatars.pool.maxThreads
 *
 * A name is not taken apart, which could be done in several ways: the variables of all options that the configuration
 * could have are listed, and looked up. Two caches whose names are written alike are told apart by nothing, and a variable
 * of theirs is refused. Other variables that begin with CACHALOT_ are none of ours.
 */
import { describe } from '../common/error.js';
import { nearest } from '../common/nearest.js';
import { type Mistake, pathOf } from './mistake.js';
import { type Form, isRecord, optionsOf, POOL_OPTIONS } from './options.js';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Overridden {
  config: unknown;
  mistakes: Mistake[];
  /** Path → variable that has set it. */
  variables: Map<string, string>;
}

interface Target {
  keys: readonly string[];
  form: Form;
}

const PREFIX = 'CACHALOT_';
const OF_CACHES = 'CACHALOT_CACHES_';

/** The configuration with what the environment says put in its place. An empty variable says nothing. */
export function override(config: unknown, env: Environment): Overridden {
  const result: Overridden = { config, mistakes: [], variables: new Map() };
  const targets = targetsOf(config);
  for (const [variable, text = ''] of Object.entries(env)) {
    if (!variable.startsWith(PREFIX) || text.trim() === '') continue;
    const found = targets.get(variable) ?? [];
    if (found.length === 1) set(result, variable, found[0]!, text);
    else if (found.length > 1) {
      const list = found.map(({ keys }) => pathOf(keys)).join(' and ');
      result.mistakes.push({
        keys: [],
        message: `${variable}: expected the name of one option; it is that of ${list}`,
      });
    } else {
      const message = complaint(variable, text, [...targets.keys()]);
      if (message !== undefined) result.mistakes.push({ keys: [], message });
    }
  }
  return result;
}

/** Every variable that would be heard, and what it stands for. */
function targetsOf(config: unknown): Map<string, Target[]> {
  const targets = new Map<string, Target[]>();
  const add = (keys: readonly string[], form: Form) => {
    if (form !== 'scalar' && form !== 'word') return;
    const variable = PREFIX + keys.map(upperSnake).join('_');
    targets.set(variable, [...(targets.get(variable) ?? []), { keys, form }]);
  };
  add(['maxBytes'], 'scalar');
  const caches = isRecord(config) && isRecord(config['caches']) ? config['caches'] : {};
  for (const [cache, definition] of Object.entries(caches)) {
    if (!isRecord(definition)) continue;
    const options = optionsOf(definition);
    for (const [option, form] of Object.entries(options)) add(['caches', cache, option], form);
    if ('pool' in options)
      for (const [option, form] of Object.entries(POOL_OPTIONS)) add(['caches', cache, 'pool', option], form);
    const loaders = isRecord(definition['loaders']) ? definition['loaders'] : {};
    for (const loader of Object.keys(loaders)) add(['caches', cache, 'loaders', loader], 'word');
  }
  return targets;
}

function set(result: Overridden, variable: string, { keys, form }: Target, text: string): void {
  result.config = withValue(result.config, keys, form === 'word' ? text : scalarOf(text));
  result.variables.set(pathOf(keys), variable);
}

/** A copy with another value. A budget takes the place of one that is said in the other way. */
function withValue(owner: unknown, [key, ...rest]: readonly string[], value: unknown): unknown {
  const copy: Record<string, unknown> = isRecord(owner) ? { ...owner } : {};
  copy[key!] = rest.length === 0 ? value : withValue(copy[key!], rest, value);
  if (rest.length === 0 && 'kind' in copy) {
    if (key === 'share') delete copy['maxBytes'];
    if (key === 'maxBytes') delete copy['share'];
  }
  return copy;
}

/** Everything in the environment is a string; in a file a number is none. */
function scalarOf(text: string): string | number | boolean {
  const plain = text.trim();
  if (plain === 'true' || plain === 'false') return plain === 'true';
  return /^-?(\d+\.?\d*|\.\d+|Infinity)$/.test(plain) ? Number(plain) : plain;
}

/** What is wrong with a variable that stands for nothing; `undefined` when it may be somebody else's. */
function complaint(variable: string, text: string, known: readonly string[]): string | undefined {
  const isOfCaches = variable.startsWith(OF_CACHES);
  const prefix = isOfCaches ? OF_CACHES : PREFIX;
  const candidates = known.filter((name) => name.startsWith(OF_CACHES) === isOfCaches);
  const meant = nearest(
    variable.slice(prefix.length),
    candidates.map((name) => name.slice(prefix.length)),
  );
  if (!isOfCaches && meant === undefined) return undefined;
  const suggestion = meant === undefined ? '' : ` (did you mean ${prefix}${meant}?)`;
  return `${variable}: expected the name of an option of the configuration${suggestion}; got ${describe(text)} for none`;
}

/** `userAvatars`, `user-avatars` → `USER_AVATARS` */
function upperSnake(name: string): string {
  return name
    .replace(/([\p{Ll}\p{N}])(\p{Lu})/gu, '$1_$2')
    .replace(/[^\p{L}\p{N}]+/gu, '_')
    .toUpperCase();
}
