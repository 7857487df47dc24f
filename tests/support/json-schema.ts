/** As much of JSON Schema (draft 7) as the package's own schema uses. A word that is not known here is an error. */

export interface Schema {
  [word: string]: unknown;
}

const IGNORED = ['$schema', 'title', 'description', 'default', 'definitions'];

/** Whether a value is valid; `root` is where `$ref` looks. */
export function isValid(value: unknown, schema: Schema, root: Schema = schema): boolean {
  return Object.entries(schema).every(
    ([word, rule]) => IGNORED.includes(word) || holds(word, rule, value, schema, root),
  );
}

function holds(word: string, rule: unknown, value: unknown, schema: Schema, root: Schema): boolean {
  const valid = (other: unknown, of: unknown) => isValid(other, of as Schema, root);
  const schemas = (): Schema[] => rule as Schema[];
  switch (word) {
    case '$ref':
      return valid(value, resolve(String(rule), root));
    case 'type':
      return typeOf(value) === rule || (rule === 'number' && typeOf(value) === 'integer');
    case 'const':
      return value === rule;
    case 'enum':
      return (rule as unknown[]).includes(value);
    case 'not':
      return !valid(value, rule);
    case 'allOf':
      return schemas().every((one) => valid(value, one));
    case 'anyOf':
      return schemas().some((one) => valid(value, one));
    case 'oneOf':
      return schemas().filter((one) => valid(value, one)).length === 1;
    case 'minimum':
      return typeof value !== 'number' || value >= Number(rule);
    case 'maximum':
      return typeof value !== 'number' || value <= Number(rule);
    case 'exclusiveMinimum':
      return typeof value !== 'number' || value > Number(rule);
    case 'exclusiveMaximum':
      return typeof value !== 'number' || value < Number(rule);
    case 'minLength':
      return typeof value !== 'string' || value.length >= Number(rule);
    case 'pattern':
      return typeof value !== 'string' || new RegExp(String(rule), 'u').test(value);
    case 'items':
      return !Array.isArray(value) || value.every((item) => valid(item, rule));
    case 'required':
      return !isObject(value) || (rule as string[]).every((name) => Object.hasOwn(value, name));
    case 'propertyNames':
      return !isObject(value) || Object.keys(value).every((name) => valid(name, rule));
    case 'properties':
      return (
        !isObject(value) ||
        Object.entries(rule as Schema).every(([name, of]) => !Object.hasOwn(value, name) || valid(value[name], of))
      );
    case 'additionalProperties': {
      if (!isObject(value)) return true;
      const others = Object.keys(value).filter((name) => !Object.hasOwn((schema['properties'] ?? {}) as Schema, name));
      return rule === false ? others.length === 0 : others.every((name) => valid(value[name], rule));
    }
    default:
      throw new Error(`the word '${word}' is not known`);
  }
}

function resolve(ref: string, root: Schema): unknown {
  return ref
    .replace(/^#\//, '')
    .split('/')
    .reduce<unknown>((at, name) => (at as Schema)[name], root);
}

function isObject(value: unknown): value is Schema {
  return typeOf(value) === 'object';
}

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return Number.isInteger(value) ? 'integer' : typeof value;
}
