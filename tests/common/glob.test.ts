import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileGlob } from '../../src/common/glob.js';

/** What a glob consists of, before it is written down. */
type Part =
  | { is: 'text'; text: string }
  | { is: 'star' }
  | { is: 'one' }
  | { is: 'class'; members: string[]; negated: boolean }
  | { is: 'choice'; choices: Part[][] };

const CHARS = [...'ab01:/.-_*?[]{},!^|()"\'\\$+@ \n#=~&<>', 'é', '漢', '\ud83d'];
const char = fc.constantFrom(...CHARS);

const { parts } = fc.letrec<{ parts: Part[]; part: Part }>((tie) => ({
  parts: fc.array(tie('part'), { maxLength: 5 }),
  part: fc.oneof(
    { maxDepth: 2 },
    { weight: 6, arbitrary: char.map((text): Part => ({ is: 'text', text })) },
    { weight: 2, arbitrary: fc.constant<Part>({ is: 'star' }) },
    { weight: 1, arbitrary: fc.constant<Part>({ is: 'one' }) },
    {
      weight: 2,
      arbitrary: fc
        .record({ members: fc.uniqueArray(char, { minLength: 1, maxLength: 4 }), negated: fc.boolean() })
        .map((one): Part => ({ is: 'class', ...one })),
    },
    {
      weight: 1,
      arbitrary: fc
        .array(tie('parts'), { minLength: 2, maxLength: 3 })
        .map((choices): Part => ({ is: 'choice', choices })),
    },
  ),
}));

/** Whether a character may stand in a glob as it is. */
const isPlain = (text: string): boolean => !'*?[]{},\\!^-'.includes(text);

function write(list: readonly Part[]): string {
  return list.map(writePart).join('');
}

function writePart(part: Part): string {
  switch (part.is) {
    case 'text':
      return isPlain(part.text) ? part.text : `\\${part.text}`;
    case 'star':
      return '*';
    case 'one':
      return '?';
    case 'class':
      return `[${part.negated ? '!' : ''}${part.members.map((one) => (isPlain(one) ? one : `\\${one}`)).join('')}]`;
    case 'choice':
      return `{${part.choices.map(write).join(',')}}`;
  }
}

/** The slow and simple way. */
function matches([part, ...rest]: readonly Part[], text: string): boolean {
  if (part === undefined) return text === '';
  switch (part.is) {
    case 'text':
      return text.startsWith(part.text) && matches(rest, text.slice(part.text.length));
    case 'star':
      return matches(rest, text) || (text !== '' && matches([part, ...rest], text.slice(1)));
    case 'one':
      return text !== '' && matches(rest, text.slice(1));
    case 'class':
      return text !== '' && part.members.includes(text[0]!) !== part.negated && matches(rest, text.slice(1));
    case 'choice':
      return part.choices.some((choice) => matches([...choice, ...rest], text));
  }
}

/** A key that matches, most of the time. */
function sample(list: readonly Part[], numbers: readonly number[], at = { i: 0 }): string {
  return list.map((part) => samplePart(part, numbers, at)).join('');
}

function samplePart(part: Part, numbers: readonly number[], at: { i: number }): string {
  const next = (below: number): number => (numbers[at.i++ % numbers.length] ?? 0) % below;
  switch (part.is) {
    case 'text':
      return part.text;
    case 'star':
      return Array.from({ length: next(3) }, () => CHARS[next(CHARS.length)]).join('');
    case 'one':
      return CHARS[next(CHARS.length)]!;
    case 'class':
      return part.negated ? 'z' : part.members[next(part.members.length)]!;
    case 'choice':
      return sample(part.choices[next(part.choices.length)]!, numbers, at);
  }
}

describe('a glob', () => {
  it('means what it says, whatever characters it has', () => {
    const numbers = fc.array(fc.nat(1000), { minLength: 1, maxLength: 12 });
    const key = fc.array(char, { maxLength: 6 }).map((list) => list.join(''));
    let hits = 0;
    fc.assert(
      fc.property(parts, numbers, fc.array(key, { maxLength: 4 }), (list, choice, others) => {
        const glob = write(list);
        // Two stars between slashes have a meaning of their own.
        fc.pre(glob !== '' && !/\*\*/.test(glob));
        const pattern = compileGlob(glob);
        for (const one of [sample(list, choice), `${sample(list, choice)}x`, ...others]) {
          const expected = matches(list, one);
          if (expected) hits++;
          expect(pattern.test(one), `${glob} ${pattern} on ${JSON.stringify(one)}`).toBe(expected);
        }
      }),
      { seed: 7, numRuns: 4000 },
    );
    expect(hits).toBeGreaterThan(2000);
  });

  it.each([
    ['user:*', ['user:', 'user:9', 'user:a/b', 'user:\n', 'user:.x'], ['superuser:9', 'user', 'User:1']],
    ['*', ['', 'a', '/', '.', '..', 'a/../b', '.a/.b'], []],
    ['*.js', ['.js', 'a/b.js', '.a/.js', '../x.js'], ['a.jsx', 'js']],
    ['a?b', ['a/b', 'a.b', 'axb'], ['ab', 'axxb']],
    ['[a-c]x', ['ax', 'cx'], ['dx', 'x', '[a-c]x']],
    ['[!a-c]x', ['dx', '/x', '!x'], ['ax', 'x']],
    ['[^a]', ['b', '/'], ['a', '']],
    ['[]a]', [']', 'a'], ['b', '[]a]']],
    ['[a-]', ['a', '-'], ['b']],
    ['[[:digit:]_]*', ['1', '_x'], ['x1', '']],
    ['{a,b*}:1', ['a:1', 'bx/y:1'], ['c:1', 'a', '{a,b*}:1']],
    ['{a,{b,c}d}', ['a', 'bd', 'cd'], ['b', 'd']],
    ['p{,s}', ['p', 'ps'], ['pss']],
    ['{1..12}', ['1', '9', '10', '12'], ['0', '13', '1..12', '']],
    ['{08..10}', ['08', '09', '10'], ['8', '9']],
    ['{-1..1}', ['-1', '0', '1'], ['2']],
    ['{a..c}', ['a', 'b', 'c'], ['d']],
    ['{9..1..4}', ['9', '5', '1'], ['8']],
    ['{a..3}', ['{a..3}'], ['a', '3']],
    ['{a}', ['{a}'], ['a']],
    ['{a', ['{a'], ['a']],
    ['a}', ['a}'], ['a']],
    ['[a', ['[a'], ['a']],
    ['a,b', ['a,b'], ['a', 'b']],
    ['\\*', ['*'], ['a', '\\*', '']],
    ['a\\', ['a\\'], ['a']],
    ['\\n', ['n'], ['\n']],
    ['[\\d]', ['d'], ['1', '\\']],
    ['a|b', ['a|b'], ['a', 'b']],
    ['(a|b)', ['(a|b)'], ['a']],
    ['f(*)', ['f(x)', 'f()'], ['fx']],
    ['+(a)', ['+(a)'], ['a', 'aa']],
    ['!a', ['!a'], ['b', 'a']],
    ['"a"*', ['"a"x'], ['ax']],
    ['./a', ['./a'], ['a']],
    ['a.b', ['a.b'], ['axb']],
    ['a/**/b', ['a/b', 'a/x/b', 'a/x/y/b'], ['ab', 'axb', 'a/xb']],
    ['**/b', ['b', 'x/b'], ['xb']],
    ['a/**', ['a/', 'a/b/c'], ['a', 'b/a/']],
    ['constructor', ['constructor'], ['__proto__']],
  ])('%s', (glob, hits, misses) => {
    const pattern = compileGlob(glob);
    expect(hits.filter((key) => !pattern.test(key))).toEqual([]);
    expect(misses.filter((key) => pattern.test(key))).toEqual([]);
  });

  it.each([
    ['[z-a]', 'Range out of order'],
    ['{1..9999}', 'more than 5000 values'],
    ['a'.repeat(70_000), 'exceeds maximum'],
  ])('that cannot be read is refused: %.20s', (glob, reason) => {
    expect(() => compileGlob(glob)).toThrow(
      expect.objectContaining({
        code: 'ERR_CACHE_CONFIG',
        message: expect.stringMatching(new RegExp(`^pattern: expected a glob; got .* ${reason}`)),
      }),
    );
  });
});
