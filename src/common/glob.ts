/**
 * # Globs over keys
 *
 * A key is a text and not a path: nothing in it is a folder, hidden or relative. A glob says
 *
 * ```
 *   *       any characters, `/` and leading dots among them, or none      ?     one character (a UTF-16 unit)
 *   [a-z]   one of them; [!a-z], [^a-z] one of the others; [[:digit:]]    \*    the character itself
 *   {a,b*}  one of these; {1..12}, {01..12}, {a..f}, {0..9..3} a range
 * ```
 *
 * and, between slashes, two stars for any folders or none. Everything else stands for itself. picomatch turns braces,
 * classes and stars into an expression. What it would do besides, for paths and shells (strip `./`, read quotes, `!`, `|`
 * and parentheses, keep `?` and `[!x]` from `/`), is kept from it: each character that has no part in the list above is
 * escaped before, and each `/` in the expression that is not escaped, all of them picomatch's own exceptions, is taken
 * out afterwards.
 */
import picomatch from 'picomatch';
import { CacheConfigError, describe } from './error.js';

/** Values that one range may stand for. */
const MAX_RANGE = 5_000;
const PLAIN = /[\p{L}\p{N}_]/u;
const POSIX_CLASS = /^\[:[a-z]+:\]/;
const RANGE = /^\{(-?\d+|[A-Za-z])\.\.(-?\d+|[A-Za-z])(?:\.\.(-?\d+))?\}/;

/**
 * The expression of a glob, for whole keys.
 *
 * @throws CacheConfigError for a range that is too long, or classes that make no sense.
 */
export function compileGlob(glob: string): RegExp {
  try {
    const { source } = picomatch.makeRe(new Escaper(glob).escape(), {
      bash: true,
      debug: true,
      dot: true,
      fastpaths: false,
      literalBrackets: false,
      noextglob: true,
      nonegate: true,
      posix: true,
      strictSlashes: true,
      windows: false,
    });
    return new RegExp(withoutExceptions(source), 's');
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new CacheConfigError(`pattern: expected a glob; got ${describe(glob)}: ${reason}`, { cause });
  }
}

/** Rewrites a glob so that only what is meant has a meaning. */
class Escaper {
  readonly #glob: string;
  #at = 0;
  /** Ends of the braces that are open. */
  readonly #ends: number[] = [];

  constructor(glob: string) {
    this.#glob = glob;
  }

  escape(): string {
    let escaped = '';
    while (this.#at < this.#glob.length) escaped += this.#next();
    return escaped;
  }

  #next(): string {
    const glob = this.#glob;
    const char = glob[this.#at]!;
    switch (char) {
      case '\\':
        this.#at += 2;
        return literal(glob[this.#at - 1] ?? '\\');
      case '*':
        return this.#stars();
      case '?':
        this.#at++;
        return '?';
      case '[':
        return this.#class();
      case '{':
        return this.#brace();
      case ',':
      case '}':
        this.#at++;
        return this.#closes(char) ? char : literal(char);
      default:
        this.#at++;
        return literal(char);
    }
  }

  #stars(): string {
    const start = this.#at;
    while (this.#glob[this.#at] === '*') this.#at++;
    const isWholeName = (start === 0 || this.#glob[start - 1] === '/') && this.#glob[this.#at] === '/';
    if (this.#at - start !== 2 || !isWholeName) return '*';
    this.#at++;
    return '{,*\\/}';
  }

  #class(): string {
    const glob = this.#glob;
    const end = classEnd(glob, this.#at);
    if (end < 0) {
      this.#at++;
      return literal('[');
    }
    let at = this.#at + 1;
    const isNegated = glob[at] === '!' || glob[at] === '^';
    if (isNegated) at++;
    let members = '';
    while (at < end) {
      const posix = POSIX_CLASS.exec(glob.slice(at, end));
      if (posix) {
        members += posix[0];
        at += posix[0].length;
      } else if (glob[at] === '-') {
        // At either side it is itself, between two it means those between.
        members += members === '' || at + 1 === end ? '\\-' : '-';
        at++;
      } else {
        if (glob[at] === '\\') at++;
        // Once is enough, and a row of backslashes would not be respected.
        if (glob[at] !== '\\' || !members.endsWith('\\\\')) members += member(glob[at]!);
        at++;
      }
    }
    this.#at = end + 1;
    return isNegated ? `[^${members}]` : `[${members}]`;
  }

  #brace(): string {
    const rest = this.#glob.slice(this.#at);
    const range = RANGE.exec(rest);
    if (range) {
      this.#at += range[0].length;
      return expand(range[1]!, range[2]!, range[3]);
    }
    const end = braceEnd(this.#glob, this.#at);
    this.#at++;
    if (end < 0) return literal('{');
    this.#ends.push(end);
    return '{';
  }

  /** Whether a comma, or the end of a brace, is one. */
  #closes(char: string): boolean {
    const end = this.#ends.at(-1);
    if (end === undefined) return false;
    if (char === ',') return true;
    if (end !== this.#at - 1) return false;
    this.#ends.pop();
    return true;
  }
}

/** A character that stands for itself. */
function literal(char: string): string {
  // An escape of these is not respected: of the first two never, of the third not in a row.
  return '.;\\'.includes(char) ? `[${member(char)}]` : member(char);
}

/** A character that stands for itself in a class. */
function member(char: string): string {
  return PLAIN.test(char) || char > '\x7f' ? char : `\\${char}`;
}

/** Where the class that begins at `start` ends, or -1. */
function classEnd(glob: string, start: number): number {
  let at = start + 1;
  if (glob[at] === '!' || glob[at] === '^') at++;
  // As the first, a bracket is a member.
  if (glob[at] === ']') at++;
  for (; at < glob.length; at++) {
    if (glob[at] === ']') return at;
    if (glob[at] === '\\') at++;
    else at += (POSIX_CLASS.exec(glob.slice(at))?.[0].length ?? 1) - 1;
  }
  return -1;
}

/** Where the brace that begins at `start` ends, if there is a choice in it, or -1. */
function braceEnd(glob: string, start: number): number {
  let depth = 0;
  let hasChoice = false;
  for (let at = start; at < glob.length; at++) {
    const char = glob[at];
    if (char === '\\') at++;
    else if (char === '[' && classEnd(glob, at) >= 0) at = classEnd(glob, at);
    else if (char === '{') depth++;
    else if (char === ',' && depth === 1) hasChoice = true;
    else if (char === '}' && --depth === 0) return hasChoice ? at : -1;
  }
  return -1;
}

/** All values of a range, as a brace; as it stands when its ends are of two kinds. */
function expand(from: string, to: string, step = '1'): string {
  const isNumeric = /\d/.test(from);
  if (isNumeric !== /\d/.test(to)) return [...`{${from}..${to}}`].map(literal).join('');
  const [first, last] = isNumeric ? [Number(from), Number(to)] : [from.charCodeAt(0), to.charCodeAt(0)];
  const by = (Math.abs(Number(step)) || 1) * (first <= last ? 1 : -1);
  const count = Math.floor((last - first) / by) + 1;
  if (count > MAX_RANGE) throw new RangeError(`{${from}..${to}} stands for more than ${MAX_RANGE} values`);
  const width = [from, to].some((end) => /^-?0\d/.test(end)) ? Math.max(from.length, to.length) : 0;
  const values = Array.from({ length: count }, (_, i) => {
    const value = first + i * by;
    return isNumeric ? [...padded(value, width)].map(literal).join('') : literal(String.fromCharCode(value));
  });
  return values.length === 1 ? values[0]! : `{${values.join(',')}}`;
}

function padded(value: number, width: number): string {
  return value < 0 ? `-${String(-value).padStart(width - 1, '0')}` : String(value).padStart(width, '0');
}

/** The expression without what picomatch excepts for paths: slashes, and keys that are empty. */
function withoutExceptions(source: string): string {
  return source.replaceAll('(?=.)', '').replace(/\\.|\//gs, (part) => (part === '/' ? '' : part));
}
