import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { reachedBy } from '../mutate/imports.ts';
import { mutantsOf } from '../mutate/mutants.ts';
import { mutatePattern } from '../mutate/pattern.ts';

/** The text after each change. */
function changed(source: string): string[] {
  return mutantsOf('x.ts', source).map(({ start, end, replacement }) => source.slice(0, start) + replacement + source.slice(end));
}

suite('mutants', () => {
  for (const [source, ...expected] of [
    ['x = a < 1;', ';', 'x = true;', 'x = false;', 'x = a <= 1;', 'x = a >= 1;', 'x = a < 2;', 'x = a < 0;'],
    ['x = a && b;', ';', 'x = true && b;', 'x = a || b;', 'x = a && true;'],
    ['x = a?.b ?? c;', ';', 'x = a?.b;', 'x = c;', 'x = a.b ?? c;', 'x = a?.b && c;'],
    ['if (a) b();', 'if (true) b();', 'if (false) b();', 'if (a) ;'],
    ['x = a.every(b);', ';', 'x = a.some(b);'],
    ['x = { a, b: [c] };', ';', 'x = { b: [c] };', 'x = { a };', 'x = { a, b: [] };'],
    ['const f = () => { return !a; };', 'const f = () => {};', 'const f = () => { return undefined; };', 'const f = () => { return a; };'],
    ["x = `a` + '';", ';', "x = `` + '';", "x = `a` - '';", "x = `a` + 'mutant';"],
  ] as const) {
    test(`of ${source}`, () => assert.deepEqual(changed(source).sort(), [...expected].sort()));
  }

  test('do not touch types, names, imports and comments', () => {
    assert.deepEqual(changed("import { a } from 'a';\n// 1 < 2\nexport interface X { readonly a: 'b' | 1 }\nexport type { a };"), []);
    assert.deepEqual(changed('let x: 1 = a as 1;'), []);
  });

  test('are all valid modules: two operators that may not stand together make no mutant', () => {
    assert.deepEqual(
      changed('x = a ?? (b || c);').filter((text) => /\?\? b \|\|/.test(text)),
      [],
    );
    assert.ok(!changed('x = a || b || c;').includes('x = a ?? b || c;'), 'it cannot be parsed');
  });

  test('of a regular expression lack an anchor, a quantifier or a member of a class, or negate a class', () => {
    assert.deepEqual(mutatePattern(String.raw`^[ab\]]+\^$`), [
      String.raw`[ab\]]+\^$`,
      String.raw`^[^ab\]]+\^$`,
      String.raw`^[b\]]+\^$`,
      String.raw`^[a\]]+\^$`,
      String.raw`^[ab]+\^$`,
      String.raw`^[ab\]]\^$`,
      String.raw`^[ab\]]+\^`,
    ]);
    assert.deepEqual(mutatePattern('(?:[^a-z]{2,})?'), ['(?:[a-z]{2,})?', '(?:[^a-z])?', '(?:[^a-z]{2,})']);
  });

  test('are tried by the tests that run their module, the nearest first', () => {
    const reached = reachedBy(`${import.meta.dirname}/../..`, 'test/pure/cycle.test.ts');
    assert.equal(reached[0], 'test/pure/cycle.test.ts');
    assert.ok(reached.indexOf('daemon/cycle.ts') < reached.indexOf('daemon/steps/step.ts'), 'the nearer comes later');
    assert.ok(!reached.includes('daemon/verdict/verdict.ts'), 'a type is taken for a module that runs');
  });
});
