import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { expect, it } from 'vitest';

const dist = fileURLToPath(new URL('../dist/', import.meta.url));
const CONSTANT = /^[A-Z][A-Z0-9_]*$/;

/** Whether something is a number that is known when it is compiled. */
function isNumber(node: ts.Node): boolean {
  if (ts.isNumericLiteral(node)) return true;
  if (ts.isParenthesizedExpression(node) || ts.isPrefixUnaryExpression(node))
    return node.getChildren().slice(1).some(isNumber);
  return ts.isBinaryExpression(node) && isNumber(node.left) && isNumber(node.right);
}

/** What esbuild repeats wherever it is used. */
function isShort(node: ts.Node): boolean {
  return !ts.isNumericLiteral(node) || Number.isSafeInteger(Number(node.text)) || node.getText().length <= 8;
}

/** The variables of a whole module that hold a number and are written as constants are. */
function variablesIn(text: string): string[] {
  const { statements } = ts.createSourceFile('chunk.js', text, ts.ScriptTarget.Latest, true);
  return statements
    .filter(ts.isVariableStatement)
    .flatMap(({ declarationList }) => [...declarationList.declarations])
    .filter(
      ({ name, initializer }) =>
        CONSTANT.test(name.getText()) && initializer && isNumber(initializer) && isShort(initializer),
    )
    .map((declaration) => declaration.getText());
}

// esbuild folds a constant only under some conditions, which a plugin in tsup.config.ts brings about. Where it does not, nothing
// fails but the time of a hit: so what is left is looked for.
it('every constant that is a number is folded into the code of the ES modules', () => {
  const chunks = readdirSync(dist).filter((name) => name.endsWith('.js'));
  expect(chunks.length).toBeGreaterThan(5);
  const left = chunks.flatMap((name) => variablesIn(readFileSync(`${dist}${name}`, 'utf8')));
  expect(left, 'variables of the bundle: see constants-apart in tsup.config.ts').toEqual([]);
});

it('which would be found', () => {
  expect(
    variablesIn(
      'var A = 1, B2 = -(2 ** 3) * 4, C = A, d = 5, E = "6", I = 9765625e-10, F = f(7); function G() { var H = 8; }',
    ),
  ).toEqual(['A = 1', 'B2 = -(2 ** 3) * 4']);
});
