import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CacheConfigError } from '../../src/common/error.js';
import { parseJson } from '../../src/config/json.js';

const mistake = (text: string): string => {
  try {
    parseJson(text, 'f');
  } catch (error) {
    if (error instanceof CacheConfigError) return error.message;
    throw error;
  }
  return 'none';
};

describe('parseJson', () => {
  it.each([
    ['', 'f: line 1, column 1: expected a value; got the end of the file'],
    ['{', 'f: line 1, column 2: expected a name in double quotes; got the end of the file'],
    ['{\n  "a": 1\n  "b": 2\n}', `f: line 3, column 3: expected ',' or '}'; got "\\""`],
    ['{"a": 1,}', 'f: line 1, column 9: expected a name in double quotes; got "}"'],
    ['[1, 2,\n]', 'f: line 2, column 1: expected a value; got "]"'],
    ['[1 2]', `f: line 1, column 4: expected ',' or ']'; got "2"`],
    ['{"a" 1}', `f: line 1, column 6: expected ':'; got "1"`],
    ["{'a': 1}", `f: line 1, column 2: expected a name in double quotes; got "'"`],
    ['{"a": yes}', 'f: line 1, column 7: expected a value; got "yes"'],
    ['{"a": 01}', 'f: line 1, column 7: expected a value; got "01"'],
    ['{"a": .5}', 'f: line 1, column 7: expected a value; got "."'],
    ['{} x', 'f: line 1, column 4: expected the end of the file; got "x"'],
    ['"a\nb"', 'f: line 1, column 3: expected the end of the string ("); got "\\n"'],
    ['"a\\x"', 'f: line 1, column 3: expected an escape that JSON knows; got "\\\\"'],
    ['{"a": {"x": 1},\n "a": 2}', 'f: line 2, column 3: expected a name that this object does not have yet; got "a"'],
    [
      '[{"a": 1}, {"a": 1}, {"\\u0061": 1, "a": 2}]',
      'f: line 1, column 37: expected a name that this object does not have yet; got "a"',
    ],
    [
      '{\n  // half of it\n}',
      'f: line 2, column 3: expected a name in double quotes; got "//" (JSON has no comments; a cachalot.config.js has)',
    ],
  ])('%j', (text, message) => {
    expect(mistake(text)).toBe(message);
  });

  it('answers what JSON.parse does', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(parseJson(`\uFEFF ${text}\n`, 'f')).toEqual(JSON.parse(text));
      }),
      { seed: 20261121 },
    );
  });

  it('finds a mistake wherever JSON.parse finds one, not before the first that was made', () => {
    const documents = fc.json({ maxDepth: 3 }).filter((text) => text.length > 1);
    fc.assert(
      fc.property(
        documents,
        fc.nat(),
        fc.constantFrom('', '}', '"', ',', ':', 'x', '\\', '\u0001'),
        (json, place, put) => {
          const at = place % json.length;
          const text = json.slice(0, at) + put + json.slice(at + 1);
          let isRight = true;
          try {
            JSON.parse(text);
          } catch {
            isRight = false;
          }
          const message = mistake(text);
          expect(message === 'none').toBe(isRight);
          if (isRight) return;
          const column = Number(/^f: line 1, column (\d+): expected /.exec(message)?.[1]);
          expect(column - 1).toBeLessThanOrEqual(text.length);
          // At its end a text may go on, and numbers are pointed at as a whole. Else, whatever follows, a text that begins like this is none.
          if (column > text.length || /[-\d]/.test(text[column - 1]!)) return;
          for (const end of ['', '"', '0', ']', '}', '":0}']) {
            expect(() => JSON.parse(text.slice(0, column) + end)).toThrow();
          }
        },
      ),
      { seed: 20261121, numRuns: 300 },
    );
  });
});
