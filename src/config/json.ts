import { CacheConfigError } from '../common/error.js';

/**
 * The value of a JSON text.
 *
 * @throws CacheConfigError with the line and the column of the first mistake. A name that an object has twice is one.
 */
export function parseJson(text: string, file: string): unknown {
  const plain = text.startsWith('\uFEFF') ? text.slice(1) : text;
  const mistake = new Scanner(plain).firstMistake();
  if (mistake === undefined) return JSON.parse(plain);
  const { offset, expected } = mistake;
  const lines = plain.slice(0, offset).split('\n');
  const where = `line ${lines.length}, column ${lines[lines.length - 1]!.length + 1}`;
  const rest = plain.slice(offset);
  const found = rest === '' ? 'the end of the file' : JSON.stringify(/^(\/\/|\/\*|\w+|.)/su.exec(rest)![0]);
  const hint = /^\/[/*]/.test(rest) ? ' (JSON has no comments; a cachalot.config.js has)' : '';
  throw new CacheConfigError(`${file}: ${where}: expected ${expected}; got ${found}${hint}`);
}

/** Where a text stops being JSON: `JSON.parse` says so on some versions of Node and for some mistakes only. */
class Scanner {
  #at = 0;

  constructor(readonly text: string) {}

  /** `undefined` of a text that `JSON.parse` takes, and in which no object has a name twice. */
  firstMistake(): { offset: number; expected: string } | undefined {
    const expected = this.#value();
    if (expected !== undefined) return { offset: this.#at, expected };
    this.#space();
    return this.#at === this.text.length ? undefined : { offset: this.#at, expected: 'the end of the file' };
  }

  /** Passes over a value; what was expected where it is none. */
  #value(): string | undefined {
    this.#space();
    if (this.#take(/"/y)) return this.#string();
    if (this.#take(/\{/y)) {
      const names = new Set<string>();
      return this.#list('}', () => this.#member(names));
    }
    if (this.#take(/\[/y)) return this.#list(']', () => this.#value());
    if (this.#take(/(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?)(?![\w.])/y)) return undefined;
    return 'a value';
  }

  #list(end: string, item: () => string | undefined): string | undefined {
    const close = new RegExp(`\\${end}`, 'y');
    this.#space();
    if (this.#take(close)) return undefined;
    for (;;) {
      const wrong = item();
      if (wrong !== undefined) return wrong;
      this.#space();
      if (this.#take(close)) return undefined;
      if (!this.#take(/,/y)) return `',' or '${end}'`;
    }
  }

  #member(names: Set<string>): string | undefined {
    this.#space();
    const start = this.#at;
    if (!this.#take(/"/y)) return 'a name in double quotes';
    const wrong = this.#string();
    if (wrong !== undefined) return wrong;
    const name: string = JSON.parse(this.text.slice(start, this.#at));
    if (names.has(name)) {
      this.#at = start + 1;
      return 'a name that this object does not have yet';
    }
    names.add(name);
    this.#space();
    return this.#take(/:/y) ? this.#value() : "':'";
  }

  /** The rest of a string, its first quote taken. */
  #string(): string | undefined {
    for (;;) {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what a string must not hold
      this.#take(/[^"\\\u0000-\u001f]*/y);
      if (this.#take(/"/y)) return undefined;
      if (!this.#take(/\\(?:["\\/bfnrt]|u[\da-fA-F]{4})/y)) {
        return this.text[this.#at] === '\\' ? 'an escape that JSON knows' : 'the end of the string (")';
      }
    }
  }

  #space(): void {
    this.#take(/[ \t\r\n]*/y);
  }

  #take(pattern: RegExp): boolean {
    pattern.lastIndex = this.#at;
    if (!pattern.test(this.text)) return false;
    this.#at = pattern.lastIndex;
    return true;
  }
}
