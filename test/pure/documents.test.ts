import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { suite, test } from 'node:test';
import { createProgram, inOrder } from '../../client/ctl/program.ts';
import { helpText } from '../../daemon/settings/help.ts';
import { exitCodeTable } from '../../shared/exit-codes.ts';
import { checkers, manifestsIn } from '../support/document-blocks.ts';
import { allowedCodes, commandsIn, formOf, isShownFirst } from '../support/document-commands.ts';
import { anchorsOf, blocksOf, findDocuments, linksOf, projectRoot, slugOf, wideLinesOf } from '../support/documents.ts';

const documents = findDocuments();
const blocks = documents.flatMap(blocksOf);

/** Says why a link leads nowhere, or returns undefined. */
function faultOf(target: string, from: string): string | undefined {
  if (/^(https?|mailto):/.test(target)) return undefined;
  const [path = '', anchor] = decodeURI(target).split('#');
  const file = path === '' ? from : path.startsWith('/') ? path.slice(1) : join(dirname(from), path);
  if (file.startsWith('..') || !existsSync(join(projectRoot, file))) return 'there is no such file';
  if (anchor === undefined) return undefined;
  if (!file.endsWith('.md')) return /^L\d+(-L\d+)?$/.test(anchor) ? undefined : 'only a document has headings';
  return anchorsOf(readFileSync(join(projectRoot, file), 'utf8')).has(anchor) ? undefined : 'there is no such heading';
}

suite('links', () => {
  for (const { path, text } of documents) {
    test(`in ${path} lead to files and headings that exist`, () => {
      const faults = linksOf(text).flatMap((target) => {
        const fault = faultOf(target, path);
        return fault === undefined ? [] : [`${target}: ${fault}`];
      });
      assert.deepEqual(faults, []);
    });
  }

  test('are found in every form, but not in code', () => {
    const text =
      '[a](b.md#c) ![d](e.svg) [f]: <g> "t"\n[h]: i.md\n<img src="j"> `[k](l)`\n```\n[m](n)\n```\n<!-- [o](p) -->[![q](r)](s "t")';
    assert.deepEqual(linksOf(text).toSorted(), ['b.md#c', 'e.svg', 'i.md', 'j', 'r', 's']);
  });

  test('lead to headings by the names that GitHub gives them', () => {
    assert.equal(slugOf('`GET /probe`: what & _why_, [link](a.md)'), 'get-probe-what--why-link');
    const text = '# One\n## One\n```\n# none\n```\n### Ümlaut_1 -x\n<a id="own"></a>\n';
    assert.deepEqual([...anchorsOf(text)], ['one', 'one-1', 'ümlaut_1--x', 'own']);
    assert.equal(faultOf('README.md#none', 'HACKING.md'), 'there is no such heading');
    assert.equal(faultOf('none.md', 'docs/api.md'), 'there is no such file');
    assert.equal(faultOf('../README.md', 'docs/api.md'), undefined);
  });
});

suite('the form of documents', () => {
  test('the README has at most 150 lines', () => {
    const readme = documents.find(({ path }) => path === 'README.md') ?? assert.fail();
    const lines = readme.text.trimEnd().split('\n').length;
    assert.ok(lines <= 150, `it has ${lines}`);
  });

  for (const { path, text } of documents) {
    test(`prose in ${path} is at most 100 columns wide`, () => {
      assert.deepEqual(wideLinesOf(text, 100), []);
    });
  }

  test('tables, code, comments and what cannot be broken may be wider than prose', () => {
    const long = 'x'.repeat(101);
    const wide = (text: string) => wideLinesOf(text, 100).length;
    assert.deepEqual(
      [`| ${long} |`, `\`\`\`\n${long} y\n\`\`\``, `<!-- ${long} -->`, `- [y](${long})`, '─'.repeat(100)].map(wide),
      [0, 0, 0, 0, 0],
    );
    assert.deepEqual([`y ${'z '.repeat(60)}`, `- y [y](${long})`, `# y ${long}`].map(wide), [1, 1, 1]);
  });
});

suite('blocks of code', () => {
  test('are found', () => {
    const text = 'a\n\n```sh\nb\n```\n1. c\n\n   ```yaml\n   d:\n     e: 1\n   ```\n\n<!-- not run: f -->\n```\ng\n```\n';
    assert.deepEqual(
      blocksOf({ path: 'x.md', text }),
      [
        ['x.md:3', 'sh', 'b\n', undefined],
        ['x.md:8', 'yaml', 'd:\n  e: 1\n', undefined],
        ['x.md:14', '', 'g\n', 'f'],
      ].map(([place, language, content, notRun]) => ({ place, language, text: content, notRun })),
    );
    for (const { path, text: whole } of documents)
      assert.equal(
        [...whole.matchAll(/^ *(```|~~~)/gm)].length,
        2 * blocks.filter(({ place }) => place.startsWith(`${path}:`)).length,
        path,
      );
  });

  for (const { place, language, text } of blocks) {
    test(`at ${place} are valid ${language || 'text'}`, async (t) => {
      const check = checkers[language];
      assert.ok(check, `no checker knows the language "${language}": give it one in test/support/document-blocks.ts`);
      const directory = mkdtempSync(join(tmpdir(), 'rd-block-'));
      t.after(() => rmSync(directory, { recursive: true }));
      await check(text, directory);
    });

    test(`at ${place} name codes and reasons that belong together`, () => {
      for (const [all, code = '', reason] of text.matchAll(/\b(\d{1,3}) ([A-Z][a-z]+[A-Z]\w+|Ready)\b/g)) {
        const rows = exitCodeTable.filter((row) => row.reason === reason);
        if (rows.length === 0 || reason === 'CheckFailed') continue;
        assert.ok(
          rows.some(({ codes: [first, last] }) => Number(code) >= first && Number(code) <= last),
          all,
        );
      }
    });
  }

  for (const [language, wrong, says] of [
    ['yaml', 'a: [', /./],
    ['yaml', 'checks: { a: { http: { url: "https://a/" } } }', /https is not spoken here/],
    ['yaml', 'checks: { a: { tpc: { port: 25 } } }', /needs one of/],
    ['yaml', 'readinessProbe: { timeoutSeconds: 0.5, exec: { command: [a] } }', /timeoutSeconds must be integer/],
    [
      'yaml',
      'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: a }\ndata: { a.yaml: "checks: { a: { tpc: { port: 1 } } }" }',
      /needs one of/,
    ],
    ['yaml', 'apiVersion: v1\nkind: Pot\n', /Pot/],
    ['json', '{', /JSON/],
    ['ini', '[program]\ncommand=a\n', /no such section/],
    ['ini', '[program:a]\ncommand=a\ncommand=b\n', /twice/],
    ['ini', '[program:a]\ncommand\n', /neither section/],
    ['dockerfile', 'COPPY a b\n', /no such instruction/],
    ['dockerfile', 'COPY a\n', /from where/],
    ['ts', 'const = 1;', /./],
    ['console', 'readinessctl\n', /begins with/],
  ] as const) {
    test(`are invalid when ${language} is ${JSON.stringify(wrong)}`, async (t) => {
      const directory = mkdtempSync(join(tmpdir(), 'rd-block-'));
      t.after(() => rmSync(directory, { recursive: true }));
      await assert.rejects(async () => checkers[language]?.(wrong, directory), says);
    });
  }

  test('have manifests that are recognised as such', () => {
    assert.deepEqual(manifestsIn('checks: { a: 1 }'), []);
    assert.equal(manifestsIn('readinessProbe: { exec: { command: [a] } }')[0]?.kind, 'Pod');
  });
});

suite('commands in blocks', () => {
  const commands = (language: string, text: string, notRun?: string) => commandsIn({ place: 'x.md:1', language, text, notRun });

  test('run when each program is ours or harmless, and otherwise say why not', () => {
    for (const [line, isRun] of [
      ['readinessctl codes | head -4', true],
      ['/usr/bin/readiness_probe.sh; echo $?', true],
      ['curl -s --unix-socket /run/readinessd.sock http://localhost/status | jq', true],
      ['A="b c" readinessd --check-config  # a note', true],
      ['kubectl exec POD -- readiness_probe.sh', false],
      ['readinessctl status --watch', false],
      ['readinessctl --socket POD', false],
      ['readinessctl --json >/dev/null 2>&1', true],
      ['readinessd --print-supervisor-conf > /etc/supervisor/conf.d/readinessd.conf', true],
      ['for word in a b; do readinessctl explain 2; done', true],
    ] as const)
      assert.deepEqual(
        commands('sh', line).map(({ notRun }) => notRun === undefined),
        [isRun],
        line,
      );
  });

  test('are refused when one of their programs is unknown, unless the block says why it is not run', () => {
    for (const line of [
      'rm -rf /',
      'readinessctl; rm /x',
      'readinessctl | xargs rm',
      'echo $(rm x)',
      'echo "$(rm x)"',
      'echo `rm x`',
      'A=b rm x',
      'curl http://a.example/',
      'true & rm x',
      'echo a >/usr/bin/b',
      'if true; then rm x; fi',
    ])
      assert.throws(() => commands('sh', line), /^Error: cannot tell whether ".*" may be run: put "<!-- not run: REASON -->"/, line);
    assert.deepEqual(commands('sh', 'rm x', 'it removes'), [{ line: 'rm x', output: undefined, notRun: 'it removes' }]);
  });

  test('are split from the output that is shown with them', () => {
    assert.deepEqual(
      commands('console', '$ readinessctl \\\n  wait\nA\n\nB\n$ echo $?\n2\n$ kubectl a\n$ echo $?\n').map(({ line, output, notRun }) => [
        line,
        output,
        notRun,
      ]),
      [
        ['readinessctl wait', 'A\n\nB', undefined],
        ['echo $?', '2', undefined],
        ['kubectl a', undefined, 'needs a cluster'],
        ['echo $?', undefined, 'needs a cluster'],
      ],
    );
    assert.deepEqual(
      commands('dockerfile', 'ENV A="b c"\nCOPY a \\\n  b\nRUN readinessd \\\n  --check-config\n').map(({ line }) => line),
      ['export A="b c"', 'buildah COPY a b', 'readinessd --check-config'],
    );
    assert.deepEqual(
      commands('sh', 'A=b readinessd --socket /a\nreadinessd --make-code-cache\n').map(({ line }) => line),
      ['A=b readinessd --check-config --socket /a', 'readinessd --make-code-cache'],
    );
    assert.equal(commands('sh', 'for a in b; do\n  echo $a\ndone\n').length, 1);
  });

  test('may exit with the code that the document shows', () => {
    const command = (line: string, output?: string) => ({ line, output, notRun: undefined });
    const ended = command('echo $?', '17');
    assert.deepEqual(allowedCodes(command('readinessctl', 'NOT READY  17 HookFailed a'), ended), [17]);
    assert.deepEqual(allowedCodes(command('readinessctl', 'NOT READY  17 HookFailed a'), undefined), [0, 17]);
    assert.deepEqual(allowedCodes(command('curl a', '17 HookFailed a'), undefined), [0]);
    assert.deepEqual(allowedCodes(command('readinessctl', 'READY  0 Ready a'), undefined), [0]);
    assert.equal(formOf('NOT READY  17 HookFailed a, for 122 ms'), formOf('NOT READY  17 HookFailed a, for 1 min 2 s'));
    assert.notEqual(formOf('17 HookFailed'), formOf('18 HookFailed'));
  });

  test('print the line that a document shows first, broken or not', () => {
    assert.ok(isShownFirst('NOT READY  17 HookFailed, for 2 ms\n\n  start', 'NOT READY  17 HookFailed, for 3 s\nmore'));
    assert.ok(isShownFirst('not ready: 2 Start\nNotFinished it\n  runs\nmore', 'not ready: 2 StartNotFinished it runs\nother'));
    assert.ok(!isShownFirst('not ready: 2 Start', 'not ready: 2 StartNotFinished it runs'));
    assert.ok(!isShownFirst('not ready\nand more', 'not ready, perhaps\nand more'));
  });
});

suite('commands in the text', () => {
  const spans = documents
    .filter(({ path }) => path !== 'CHANGELOG.md')
    .flatMap(({ path, text }) =>
      [...text.matchAll(/(?<!`)`((?:readinessctl|readinessd) [^`\n]+)`(?!`)/g)].map(([, span = '']) => ({ path, span })),
    );

  test('have options that exist', async () => {
    assert.ok(spans.length > 10);
    const known = [...helpText().matchAll(/(?<=^ +(?:-\w, )?)--?[\w-]+/gm)].map(([flag]) => flag);
    for (const { path, span } of spans) {
      const [program, ...words] = span.split(' ');
      if (program === 'readinessd') {
        for (const word of words.filter((one) => one.startsWith('-')))
          assert.ok(known.includes(word.split('=')[0] ?? ''), `${path}: ${span}`);
      } else {
        const parser = createProgram(async () => {});
        for (const command of [parser, ...parser.commands]) command.exitOverride().configureOutput({ writeOut() {}, writeErr() {} });
        await parser.parseAsync(inOrder(parser, words), { from: 'user' }).catch((error: Error & { code?: string }) => {
          if (!/^commander\.(help|version)/.test(error.code ?? '')) assert.fail(`${path}: ${span}: ${error.message}`);
        });
      }
    }
  });
});
