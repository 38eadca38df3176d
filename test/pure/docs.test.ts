import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { suite, test } from 'node:test';
import { commandNames } from '../../client/ctl/program.ts';
import { drawArchitecture } from '../../script/architecture.ts';
import { sessionsIn } from '../../script/sessions.ts';
import { architecturePicture, documents as documentsWithTables, tableNames, tablesIn, withTables } from '../../script/update-docs.ts';
import { codeOf } from '../../shared/exit-codes.ts';
import { findDocuments } from '../support/documents.ts';

const root = join(import.meta.dirname, '../..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const documents = findDocuments().map(({ path }) => path);

/** The code in a document, in lines and in blocks. */
const codeIn = (text: string): string[] => [...text.matchAll(/```[\s\S]*?```|`([^`\n]+)`/g)].map(([block, span]) => span ?? block);

suite('documents', () => {
  test('have the tables that the code makes (npm run docs writes them)', () => {
    for (const name of documentsWithTables) assert.equal(read(name), withTables(read(name)));
    assert.deepEqual(documentsWithTables.flatMap((name) => tablesIn(read(name))).sort(), [...tableNames].sort());
  });

  test('have the picture of the architecture that the imports make (npm run docs draws it)', () => {
    assert.equal(read(architecturePicture), drawArchitecture(root));
  });

  test('name only files and folders that exist', () => {
    // The changelog describes the past.
    for (const document of documents.filter((name) => name !== 'CHANGELOG.md')) {
      for (const code of codeIn(read(document))) {
        // NAME stands for any name.
        for (const [path] of code.matchAll(/(?<![\w/.$-])(?:daemon|client|shared|test|script|docs|examples)\/(?!\S*NAME)[\w./-]*\w/g))
          assert.ok(existsSync(join(root, path)), `${document}: ${path}`);
      }
    }
  });

  test("repeat the Dockerfile's HEALTHCHECK in docs/docker.md", () => {
    const healthcheck = (path: string) => /^HEALTHCHECK .*$/m.exec(read(path))?.[0];
    assert.ok(healthcheck('examples/Dockerfile'));
    assert.equal(healthcheck('docs/docker.md'), healthcheck('examples/Dockerfile'));
  });

  test('name only npm scripts that exist', () => {
    const { scripts } = JSON.parse(read('package.json'));
    for (const document of documents) {
      for (const [, name = ''] of read(document).matchAll(/\bnpm run ([\w-]+)/g))
        assert.ok(name in scripts, `${document}: npm run ${name}`);
    }
  });

  test('give a reason for each dependency in HACKING.md', () => {
    const hacking = read('HACKING.md');
    const { dependencies, devDependencies } = JSON.parse(read('package.json')) as Record<string, Record<string, string>>;
    for (const name of Object.keys({ ...dependencies, ...devDependencies }))
      assert.match(hacking, new RegExp(`^\\| ${name.replace('/', '\\/')} \\| .+ \\|$`, 'm'));
  });

  test('docs/readinessctl.md shows a session of each command that is for a container, and tells of the others', () => {
    const text = read('docs/readinessctl.md');
    const sessions = [...sessionsIn(text).values()].join('\n');
    const others = ['ls', 'completion'];
    for (const name of others) assert.ok(text.includes(`\`readinessctl ${name}`));
    for (const name of commandNames.filter((one) => !others.includes(one)))
      assert.match(sessions, name === 'status' ? /^\$ readinessctl$/m : new RegExp(`^\\$ readinessctl ${name}\\b`, 'm'));
  });

  test('sessions are of the command that their marker names, and the same everywhere (script/transcripts.ts makes them)', () => {
    const all = new Map<string, string>();
    for (const name of documents) {
      for (const [title, text] of sessionsIn(read(name))) {
        assert.equal(text.split('\n')[0], `$ ${title.replace(/ \(.*\)$/, '')}`, `${name}: ${title}`);
        assert.equal(text, all.get(title) ?? text, `${name}: ${title}`);
        all.set(title, text);
      }
    }
    assert.ok(sessionsIn(read('README.md')).size > 0);
  });

  test("the README's figures of what it costs are those of the picture", () => {
    const [, text = ''] = /^## What it costs\n([\s\S]*?)^## /m.exec(read('README.md')) ?? [];
    const said = [...text.matchAll(/[\d.]+ (?:ms|MB)/g)].map(([figure]) => Number.parseFloat(figure));
    const shown = [...read('docs/performance.svg').matchAll(/>([\d.]+)<\/text>/g)].map(([, figure]) => Number(figure));
    assert.ok(said.length > 2);
    assert.deepEqual(
      said.filter((figure) => !shown.includes(figure)),
      [],
    );
  });

  test('name in docs/reliability.md only tests that exist, and every file of faults', () => {
    const [, tables = ''] = read('docs/reliability.md').split('## The daemon');
    const rows = tables.split('\n').filter((line) => line.startsWith('| ') && !/^\| (fault|attempt|what) \|/.test(line));
    const named = rows.map((row) => /`(\S+\.ts)`: (.+?)(?: \(and its siblings?\))? \|$/.exec(row) ?? assert.fail(`no test in: ${row}`));
    assert.ok(named.length > 50);
    for (const [, file = '', title = ''] of named) {
      // The tests may be in a module beside it that other files also run.
      const source = read(`test/${file}`);
      const beside = [...source.matchAll(/ from '\.\/(.+?)'/g)].map(([, name = '']) => read(join('test', dirname(file), name)));
      const titles = [...[source, ...beside].join('\n').matchAll(/\btest\(\s*(['"`])(.*?)\1,/g)].map(([, , text = '']) =>
        titlePattern(text),
      );
      assert.ok(
        titles.some((pattern) => pattern.test(title)),
        `${file}: ${title}`,
      );
    }
    for (const file of readdirSync(join(root, 'test/process/faults')))
      assert.ok(
        named.some(([, one]) => one === `process/faults/${file}`),
        file,
      );
  });

  test('the shell parts of the client print the code of the table', () => {
    for (const file of ['client/readiness_probe.sh', 'client/readiness_probe.launch', 'script/build.ts']) {
      for (const [, code] of read(file).matchAll(/(\d+) ClientBroken/g)) assert.equal(Number(code), codeOf('ClientBroken'));
    }
  });

  test("SONiC's program entry is the same as that of supervisor.conf.example", () => {
    const settings = (text: string) =>
      text
        .split('\n')
        .filter((line) => /^\w+=/.test(line))
        .sort();
    const [, sonic = ''] = read('supervisor.conf.example').split('; SONiC:');
    const [entry = ''] = sonic.replaceAll(/^;/gm, '').split('[program:start]');
    assert.deepEqual(settings(read('examples/sonic/readinessd.conf')), settings(entry));
  });
});

/** Matches a test's title in its source. An inserted value may be anything. */
function titlePattern(title: string): RegExp {
  const parts = title.split(/\$\{.*?\}/).map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
  return new RegExp(`^${parts.join('.+')}$`);
}
